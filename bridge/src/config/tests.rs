//! What is read, what is refused, and in which words.

use std::ffi::OsString;

use confab_core::audio::stream::Codec;
use confab_sip::SrtpPolicy;

use super::values::LOCALHOST;
use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(None, &env(pairs))
}

fn env(pairs: &[(&str, &str)]) -> Environment {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect()
}

#[test]
fn defaults_are_sensible() {
    let config = load(&[]).unwrap();
    assert_eq!(config.database_url, "sqlite:./data/confab.db");
    assert_eq!(config.sip_listen.len(), 2);
    assert_eq!(config.rtp_ports, 20_000..=29_999);
    assert!(config.media_threads >= 1);
    assert!(config.media.comfort_noise);
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
    let config = Config::load(Some(&path), &Environment::default()).unwrap();
    let names: Vec<&str> = config.layouts.names().collect();
    assert_eq!(names, ["night", "openvoice", "star-six"]);

    let config = load(&[("CONFAB_LAYOUTS", &format!("[day]\n{night}"))]).unwrap();
    assert!(config.layouts.get("day").is_some());

    std::fs::write(&path, "[layouts.night]\n\"1\" = \"mneu\"\n").unwrap();
    let error = Config::load(Some(&path), &Environment::default()).unwrap_err();
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
    let threads = env(&[("CONFAB_MEDIA_THREADS", "5")]);
    let config = Config::load(Some(&path), &threads).unwrap();
    assert_eq!((config.rtp_ports, config.media_threads), (4000..=4100, 5));

    std::fs::write(&path, "rtp_port = \"4000-4100\"\nlog_json = 7\n").unwrap();
    let error = Config::load(Some(&path), &Environment::default()).unwrap_err();
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
    assert_eq!(config.media.srtp, SrtpPolicy::Accept);
    let config = load(&[("CONFAB_SRTP", "Require")]).unwrap();
    assert_eq!(config.media.srtp, SrtpPolicy::Require);
    check("CONFAB_SRTP", "always", "it is never, accept or require");
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

/// Loads a file of this text; the mistakes, or nothing.
fn mistakes_of(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confab.toml");
    std::fs::write(&path, text).unwrap();
    match Config::load(Some(&path), &Environment::default()) {
        Ok(_) => String::new(),
        Err(error) => error.0,
    }
}

#[test]
fn mistakes_in_the_file_are_told_with_their_place() {
    let check = |text: &str, words: &[&str]| {
        let told = mistakes_of(text);
        let all = words.iter().all(|word| told.contains(word));
        assert!(all && !told.contains("hush"), "{text}\n{told}");
    };
    let broken = "log = \"info\"\nrtp_ports = 20000-29999\nmedia_threads = \n";
    let rtp = "confab.toml, line 2, column 13: rtp_ports: ";
    check(broken, &[rtp, "line 3, column", "media_threads: "]);
    check(
        "sip_trunk_password = \"hush\n",
        &["line 1", "sip_trunk_password: "],
    );
    check(
        "log = \"info\"\nlog = \"warn\"\n",
        &["line 2, column 1: log: duplicate key"],
    );
    check(
        "\n\nrtp_port = \"1\"",
        &["line 3: rtp_port: there is no such key; did you mean rtp_ports?"],
    );
    check("rpt = 1", &["there is no such key; there are data_dir, "]);
    check(
        "\nrtp_ports = \"1-2\"",
        &[
            "rtp_ports = \"1-2\": it is FIRST-LAST",
            "confab.toml, line 2)",
        ],
    );
    check(
        "database_url = \"mysql://ann:hush@h/x\"",
        &["mysql://ann:...@h/x"],
    );
    check("sip_trunk = \"sip:ann:hush@h\"", &["sip:ann:...@h"]);
}

#[test]
fn variables_that_are_nearly_ours_are_mistakes_and_strange_ones_are_told() {
    let check = |name: &str, meant: &str| {
        let error = load(&[(name, "1")]).unwrap_err().0;
        assert_eq!(
            error,
            format!("  {name}: there is no such variable; did you mean {meant}?")
        );
    };
    check("CONFAB_RTP_PORT", "CONFAB_RTP_PORTS");
    check("CONFAB_SIP_LSITEN", "CONFAB_SIP_LISTEN");
    check("CONFAB_MEDIA_ADRESS", "CONFAB_MEDIA_ADDRESS");
    check("CONFAB_LOGS", "CONFAB_LOG");
    check("CONFAB_Log", "CONFAB_LOG");
    check("CONFAB_CONFG", "CONFAB_CONFIG");
    // as a cluster names them for a service that is called confab
    for name in [
        "CONFAB_PORT",
        "CONFAB_SERVICE_HOST",
        "CONFAB_PORT_5060_UDP_ADDR",
    ] {
        let warnings = load(&[(name, "1")]).unwrap().warnings;
        assert_eq!(
            warnings,
            [format!("{name} in the environment means nothing")]
        );
    }
    for name in [
        "CONFAB_CONFIG",
        "CONFAB_TEST_DATA",
        "CONFAB_REQUIRE_SIPP",
        "CONFAB_BIN",
        "LOGS",
    ] {
        assert_eq!(load(&[(name, "1")]).unwrap().warnings, [""; 0], "{name}");
    }
    use std::os::unix::ffi::OsStringExt as _;
    let odd = [("CONFAB_LOG".to_owned(), OsString::from_vec(vec![0xff]))];
    let error = Config::load(None, &odd.into_iter().collect()).unwrap_err();
    assert!(error.0.contains("CONFAB_LOG is not UTF-8"), "{error}");
}

#[test]
fn a_log_filter_is_levels_and_targets() {
    let good = |log: &str| assert_eq!(load(&[("CONFAB_LOG", log)]).unwrap().log, log);
    good("info");
    good("");
    good("WARN");
    good("info,confab=debug, confab_sip=trace");
    good("off,confab_sip[call{id=7}]=debug");
    let bad = |log: &str, piece: &str| {
        let error = load(&[("CONFAB_LOG", log)]).unwrap_err().0;
        assert!(
            error.contains(&format!("{piece:?} is neither off, error")),
            "{error}"
        );
    };
    bad("inof", "inof");
    bad("info,confab=loud", "confab=loud");
    bad("debug,confab_sip", "confab_sip");
    bad("info,[call", "[call");
}

#[test]
fn what_is_said_of_a_trunk_needs_one() {
    let check = |key: &str| {
        let others = [
            ("CONFAB_SIP_TRUNK_USER", "ann"),
            ("CONFAB_SIP_TRUNK_PASSWORD", "hush"),
        ];
        let from = ("CONFAB_SIP_TRUNK_FROM", "sip:+4930@gw.example");
        let error = load(&[&others[..], &[from]].concat()).unwrap_err().0;
        let told = format!("{key} is set, but there is no sip_trunk (CONFAB_");
        assert!(error.contains(&told) && !error.contains("hush"), "{error}");
    };
    check("sip_trunk_user");
    check("sip_trunk_password");
    check("sip_trunk_from");
}

#[test]
fn an_address_of_a_nat_is_taken_with_a_word() {
    let warnings = |address| load(&[("CONFAB_MEDIA_ADDRESS", address)]).unwrap().warnings;
    assert!(warnings("192.0.2.7")[0].contains("192.0.2.7 is no address of this machine"));
    assert_eq!(warnings("127.0.0.1"), [""; 0]);
    assert_eq!(warnings("auto"), [""; 0]);
}
