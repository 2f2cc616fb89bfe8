//! What is read, what is refused, and in which words.

use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let env = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Config::load(None, &env)
}

#[test]
fn defaults_are_sensible() {
    let config = load(&[]).unwrap();
    assert_eq!(config.database_url, "sqlite:./data/confab.db");
    assert_eq!(config.sip_listen.len(), 2);
    assert_eq!(config.rtp_ports, 20_000..=29_999);
    assert!(config.media_threads >= 1);
}

#[test]
fn environment_is_read() {
    let config = load(&[
        ("CONFAB_SIP_LISTEN", "udp:127.0.0.1:5070, tcp:[::1]:5071"),
        ("CONFAB_MEDIA_ADDRESS", "127.0.0.1"),
        ("CONFAB_RTP_PORTS", "30000-30099"),
        ("CONFAB_DATABASE_URL", "postgres://x@localhost/y"),
    ])
    .unwrap();
    assert_eq!(config.sip_listen[1].transport, Transport::Tcp);
    assert_eq!(config.sip_listen[1].addr.port(), 5071);
    assert_eq!(config.media_address, LOCALHOST);
    assert_eq!(config.rtp_ports, 30_000..=30_099);
    assert!(config.database_url.starts_with("postgres"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = load(&[
        ("CONFAB_SIP_LISTEN", "sctp:127.0.0.1:5070"),
        ("CONFAB_MEDIA_ADDRESS", "0.0.0.0"),
        ("CONFAB_RTP_PORTS", "30099-30000"),
        ("CONFAB_MEDIA_THREADS", "none"),
        ("CONFAB_HTTP_LISTEN", "localhost"),
        ("CONFAB_DATABASE_URL", "mysql://x"),
    ])
    .unwrap_err();
    for key in [
        "sip_listen",
        "media_address",
        "rtp_ports",
        "media_threads",
        "http_listen",
        "database_url",
    ] {
        assert!(error.0.contains(key), "{key} is not told in {error}");
    }
}

#[test]
fn layouts_are_added_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confab.toml");
    let night = "\"1\" = \"menu\"\n\"2\" = \"toggle_mute\"\n\"3\" = \"toggle_hand\"\n";
    std::fs::write(&path, format!("[layouts.night]\n{night}")).unwrap();
    let config = Config::load(Some(&path), &|_| None).unwrap();
    let names: Vec<&str> = config.layouts.names().collect();
    assert_eq!(names, ["night", "openvoice", "star-six"]);

    let config = load(&[("CONFAB_LAYOUTS", &format!("[day]\n{night}"))]).unwrap();
    assert!(config.layouts.get("day").is_some());

    std::fs::write(&path, "[layouts.night]\n\"1\" = \"mneu\"\n").unwrap();
    let error = Config::load(Some(&path), &|_| None).unwrap_err();
    assert!(
        error
            .0
            .contains("layouts: night: \"1\" = mneu: there is no such command"),
        "{error}"
    );
    let error = load(&[("CONFAB_LAYOUTS", "[[[")]).unwrap_err();
    assert!(error.0.contains("layouts: "), "{error}");
}

#[test]
fn the_trunk_is_of_four_keys() {
    let trunk = "sip:gw.example:5070;transport=tcp";
    let config = load(&[
        ("CONFAB_SIP_TRUNK", trunk),
        ("CONFAB_SIP_TRUNK_USER", "acc1"),
        ("CONFAB_SIP_TRUNK_PASSWORD", "hush"),
        ("CONFAB_SIP_TRUNK_FROM", "sip:+4930@gw.example"),
    ])
    .unwrap();
    let expected = Trunk::parse(trunk)
        .unwrap()
        .with_credentials("acc1", "hush");
    let expected = expected.with_from("sip:+4930@gw.example").unwrap();
    assert_eq!(config.sip_trunk, Some(expected));
    assert!(!format!("{config:?}").contains("hush"));
    assert_eq!(load(&[]).unwrap().sip_trunk, None);

    let check = |pairs: &[(&str, &str)], key: &str| {
        let error = load(pairs).unwrap_err().0;
        assert!(error.contains(key) && !error.contains("hush"), "{error}");
    };
    check(&[("CONFAB_SIP_TRUNK", "gw.example")], "sip_trunk =");
    check(&[("CONFAB_SIP_TRUNK_PASSWORD", "hush")], "sip_trunk_user");
    let from = ("CONFAB_SIP_TRUNK_FROM", "030123");
    check(&[("CONFAB_SIP_TRUNK", trunk), from], "sip_trunk_from =");
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confab.toml");
    std::fs::write(&path, "rtp_ports = \"4000-4100\"\nmedia_threads = 3\n").unwrap();
    let env = |name: &str| (name == "CONFAB_MEDIA_THREADS").then(|| "5".to_owned());
    let config = Config::load(Some(&path), &env).unwrap();
    assert_eq!((config.rtp_ports, config.media_threads), (4000..=4100, 5));

    std::fs::write(&path, "rtp_port = \"4000-4100\"\nlog_json = 7\n").unwrap();
    let error = Config::load(Some(&path), &|_| None).unwrap_err();
    assert!(
        error.0.contains("no such key") && error.0.contains("log_json"),
        "{error}"
    );
}

#[test]
fn what_may_be_agreed_on_for_the_sound() {
    let config = load(&[("CONFAB_CODECS", "Opus, pcmu")]).unwrap();
    assert_eq!(config.media.codecs, [Codec::Opus, Codec::Pcmu]);
    let check = |key: &str, value: &str, words: &str| {
        let error = load(&[(key, value)]).unwrap_err().0;
        assert!(error.contains(words), "{error}");
    };
    check("CONFAB_CODECS", "", "\"\" is none of opus");
    check("CONFAB_CODECS", "opus,g729", "\"g729\" is none of opus");
    check("CONFAB_CODECS", "pcmu,PCMU", "PCMU is named twice");
}

#[test]
fn people_are_told_addresses_that_answer() {
    let check = |listen: &str, host: &str| {
        let places = [
            ("CONFAB_SIP_LISTEN", listen),
            ("CONFAB_MEDIA_ADDRESS", "192.0.2.7"),
        ];
        assert_eq!(load(&places).unwrap().sip_host(), host, "{listen}");
    };
    check("udp:0.0.0.0:5060,tcp:0.0.0.0:5060", "192.0.2.7");
    check("udp:0.0.0.0:5080", "192.0.2.7:5080");
    check("udp:127.0.0.1:5060", "127.0.0.1");
    check("udp:127.0.0.1:5080", "127.0.0.1:5080");
    check("tcp:127.0.0.1:5080", "127.0.0.1:5080;transport=tcp");
    check("udp:[::1]:5060", "[::1]");
    let config = load(&[("CONFAB_MEDIA_ADDRESS", "192.0.2.7")]).unwrap();
    let web = |listen: &str| config.reached_at(listen.parse().unwrap()).to_string();
    assert_eq!(web("0.0.0.0:8080"), "192.0.2.7:8080");
    assert_eq!(web("127.0.0.1:8080"), "127.0.0.1:8080");
}
