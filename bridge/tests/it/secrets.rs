//! Passwords and PINs that come by standard input.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use confab_core::ids::RoomNumber;
use confab_store::Store;

use crate::program;

fn confab(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = program::command(dir, args)
        .env("CONFAB_DATA_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // a program that refuses before it reads has closed the pipe
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[tokio::test]
async fn a_line_of_standard_input_is_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let good = |args: &[&str], input: &str| {
        let output = confab(dir, args, input);
        assert!(output.status.success(), "{args:?}: {}", told(&output));
    };
    let ann = "ann@example.org";
    let user = ["user", "add", "--name", "Ann", "--email", ann];
    good(
        &[&user[..], &["--password", "-"]].concat(),
        "first 111\nmore\n",
    );
    let store = format!("sqlite:{}", dir.join("confab.db").display());
    let store = Store::open(&store).await.unwrap();
    let can_log_in =
        async |password: &str| store.check_login(ann, password).await.unwrap().is_some();
    assert!(can_log_in("first 111").await);
    good(
        &["user", "passwd", "--email", ann, "--password", "-"],
        "second22\r\n",
    );
    assert!(can_log_in("second22").await);

    let number = RoomNumber::parse("1000").unwrap();
    let opens = async |pin: &str| store.check_pin(&number, pin).await.unwrap();
    good(
        &[
            "room", "add", "--number", "1000", "--host", ann, "--pin", "-",
        ],
        "24680",
    );
    assert!(opens("24680").await);
    let both = ["room", "set", "1000", "pin=-", "announce=name", "code=-"];
    good(&both, "13579\n8642\n");
    assert!(opens("13579").await);
    let row = store.room("1000").await.unwrap().unwrap();
    assert!(store.fits(row.secrets.preset_code.as_ref(), "8642"));

    let output = confab(dir, &both, "97531\n");
    assert!(!output.status.success());
    assert!(
        told(&output).contains("no code on standard input"),
        "{}",
        told(&output)
    );
    assert!(opens("13579").await, "nothing is changed");
}

#[test]
fn the_help_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        ["user", "add"],
        ["user", "passwd"],
        ["room", "add"],
        ["room", "set"],
    ] {
        let help = told(&confab(dir.path(), &[&args[..], &["--help"]].concat(), ""));
        assert!(help.contains("standard input"), "{args:?}: {help}");
    }
}
