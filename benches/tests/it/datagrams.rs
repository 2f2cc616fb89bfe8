//! `datagrams` with a few peers: every way that the system has moves what it is given. Measures
//! nothing.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_way_moves_datagrams() {
    let output = Command::new(env!("CARGO_BIN_EXE_datagrams"))
        .args(["--tiny", "--json"])
        .output()
        .expect("it was built for this test");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("it speaks JSON");
    let ways = told["ways"].as_array().expect("there are rows");
    let left_out = told["left_out"]
        .as_array()
        .expect("it says what is missing");
    // A system may forbid io_uring, and nothing else.
    assert_eq!(ways.len() + left_out.len(), 7, "{told:#}");
    assert!(ways.len() >= 5, "{told:#}");
    for way in ways {
        let figure = |name: &str| {
            let figure = way[name].as_f64();
            figure.unwrap_or_else(|| panic!("no {name} in {told:#}"))
        };
        assert!(figure("us_median") > 0.0, "{told:#}");
        for moved in ["taken_percent", "arrived_percent"] {
            assert!(figure(moved) > 80.0, "{told:#}");
        }
    }
}
