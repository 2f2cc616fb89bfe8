//! How the key of a recording is written. `build.rs` writes them so, too.

/// A name in the catalogue's way of writing: `EnterPin` is `enter-pin`.
pub fn written(name: &str) -> String {
    let mut key = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !key.is_empty() {
            key.push('-');
        }
        key.push(c.to_ascii_lowercase());
    }
    key
}
