//! What can be found in a database that was stolen.
#[test]
fn print() {
    use argon2::password_hash::PasswordHasher;
    println!("{}", argon2::Argon2::default().hash_password(format!("{:?}", std::time::Instant::now()).as_bytes()).unwrap().to_string());
}
