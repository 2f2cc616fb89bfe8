//! The rows that `network` and `noise` give of a quarter of a minute of speech. Bounds nothing.

use std::process::Command;

use serde_json::Value;

pub struct Figures(Vec<Value>);

impl Figures {
    /// Of the program at `bin`, asked for more than seconds. Every run gives the same.
    pub fn measure(bin: &str, asked: &[&str]) -> Self {
        let prompts = concat!(env!("CARGO_MANIFEST_DIR"), "/../bridge/prompts");
        let output = Command::new(bin)
            .args(["--json", "--seconds", "16", "--prompts", prompts])
            .args(asked)
            .output()
            .expect("it was built for this test");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("it speaks JSON");
        Self(told["rows"].as_array().expect("there are rows").clone())
    }

    /// A figure of what `player` made of `network`, or of a noise.
    pub fn of(&self, network: &str, player: &str, figure: &str) -> f64 {
        let row = self
            .0
            .iter()
            .find(|row| row["network"] == network && row["player"] == player);
        row.unwrap_or_else(|| panic!("{player} on {network} is missing"))[figure]
            .as_f64()
            .expect("figures are numbers")
    }
}
