//! The program `confab`: reads the command line and goes to work.

use std::process::ExitCode;

use confab::cli;

fn main() -> ExitCode {
    // before anything can open a TLS connection: with two providers compiled in, rustls refuses to
    // choose at the first handshake
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("confab: a TLS provider was installed twice");
        return ExitCode::FAILURE;
    }
    cli::run()
}
