//! What an operator is told of a configuration that is wrong or odd, by `check` and by serving.

use std::process::Output;

use crate::program;

fn confab(args: &[&str], env: &[(&str, &str)]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    program::run(dir.path(), args, env)
}

#[test]
fn serving_tells_what_check_tells_and_does_not_start() {
    let wrong = [
        ("CONFAB_LOG", "inof"),
        ("CONFAB_RTP_PORT", "20000-20100"),
        ("CONFAB_SIP_TRUNK_FROM", "sip:+4930@gw.example"),
    ];
    let [checked, served] = [&["check"][..], &[]].map(|args| confab(args, &wrong));
    let told = String::from_utf8_lossy(&checked.stderr);
    for (name, words) in [
        ("log", "inof"),
        ("CONFAB_RTP_PORT", "did you mean CONFAB_RTP_PORTS?"),
        ("sip_trunk_from", "there is no sip_trunk"),
    ] {
        let line = told.lines().find(|line| line.contains(words));
        assert!(line.is_some_and(|line| line.contains(name)), "{told}");
    }
    assert_eq!(told, String::from_utf8_lossy(&served.stderr));
    assert_eq!(checked.status.code(), Some(64));
    assert_eq!(served.status.code(), Some(64));
}

#[test]
fn what_may_be_meant_so_is_a_warning() {
    let odd = [
        ("CONFAB_MEDIA_ADDRESS", "192.0.2.7"),
        ("CONFAB_SERVICE_HOST", "10.0.0.1"),
    ];
    let output = confab(&["check", "--json"], &odd);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{findings:#}");
    let findings = findings.as_array().unwrap();
    let warnings = findings.iter().filter_map(|it| it["warning"].as_str());
    let warnings: Vec<&str> = warnings.collect();
    assert_eq!(warnings.len(), 3, "{findings:#?}");
    assert!(
        warnings
            .iter()
            .any(|it| it.contains("there is no Confab data in "))
    );
    assert!(
        warnings
            .iter()
            .any(|it| it.contains("192.0.2.7 is no address"))
    );
    assert!(warnings.iter().any(|it| it.contains("CONFAB_SERVICE_HOST")));
    let output = confab(&["check"], &odd);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("configuration: warning: media_address = 192.0.2.7"),
        "{told}"
    );
}

#[test]
fn with_json_errors_are_json_too() {
    let check = |args: &[&str], env: &[(&str, &str)], status: i32, words: &str| {
        let output = confab(args, env);
        let err = String::from_utf8(output.stderr).unwrap();
        let error: serde_json::Value = serde_json::from_str(&err).expect(&err);
        assert_eq!(error.as_object().unwrap().len(), 1, "{err}");
        assert!(error["error"].as_str().unwrap().contains(words), "{err}");
        assert_eq!(output.status.code(), Some(status), "{err}");
    };
    check(&["--json", "room", "list"], &[], 1, "no Confab data in ");
    let data = [("CONFAB_DATA_DIR", "data")];
    let number = ["number", "add", "5000", "--language", "it", "--json"];
    check(&number, &data, 1, "en, fr or de");
    check(
        &["room", "list", "--json"],
        &[("CONFAB_LOG", "inof")],
        64,
        "inof",
    );
    check(&["user", "add", "--json"], &[], 2, "--email <EMAIL>");
    check(
        &["user", "ad", "--json"],
        &[],
        2,
        "unrecognized subcommand 'ad'",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let listen = [("CONFAB_HTTP_LISTEN", taken.as_str())];
    check(&["check", "--json"], &listen, 1, "1 of ");

    let output = confab(&["--json", "user", "--help"], &[]);
    assert!(output.status.success() && output.stdout.starts_with(b"People"));
    let output = confab(&["user", "ad"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.starts_with(b"error: unrecognized"));
}
