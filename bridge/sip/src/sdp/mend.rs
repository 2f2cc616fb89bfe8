//! Repairs of the lines that the SDP parser refuses but telephones send: Latin-1 text, and
//! origins with blanks in the user name or a version too large.

/// The same description, fit for the parser.
pub(super) fn mend(body: &[u8]) -> String {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => body.iter().map(|&b| char::from(b)).collect(),
    };
    let mut out = String::with_capacity(text.len() + 16);
    for line in text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
    {
        let line = line.replace('\0', "");
        match line.strip_prefix("o=") {
            Some(origin) => {
                out.push_str("o=");
                out.push_str(&mend_origin(origin));
            }
            None => out.push_str(&line),
        }
        out.push_str("\r\n");
    }
    out
}

/// `user id version IN IP4 host` with exactly six words, the version in 64 bits.
fn mend_origin(origin: &str) -> String {
    let words: Vec<&str> = origin.split_whitespace().collect();
    let Some(cut) = words.len().checked_sub(5).filter(|cut| *cut >= 1) else {
        return origin.to_owned();
    };
    let [user, tail] = [words[..cut].join("_"), words[cut..].join(" ")];
    match words[cut + 1].parse::<u64>() {
        Ok(_) => format!("{user} {tail}"),
        Err(_) => format!("{user} {} 0 {}", words[cut], words[cut + 2..].join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let check = |given: &str, expected: &str| assert_eq!(mend_origin(given), expected);
        check("- 1 2 IN IP4 h", "- 1 2 IN IP4 h");
        check("John Q Public 1 2 IN IP4 h", "John_Q_Public 1 2 IN IP4 h");
        check("- 1 99999999999999999999999 IN IP4 h", "- 1 0 IN IP4 h");
        check("too short", "too short");
        check("", "");
    }
}
