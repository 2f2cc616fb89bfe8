//! What surrounds every page: title, navigation, notice, styles. Knows no page's content.

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use confab_store::User;

use crate::assets;
use crate::trouble;
use crate::visitor::Visitor;

/// Where in the portal a page is, to mark it in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Live,
    Usage,
    Recordings,
    Billing,
    Prompts,
    Account,
}

/// One entry of the navigation.
pub(crate) struct NavEntry {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
    pub(crate) here: bool,
}

/// What a page says once about what was just done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: &'static str,
    pub(crate) bad: bool,
}

/// The surroundings of a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) user: Option<User>,
    pub(crate) nav: Vec<NavEntry>,
    pub(crate) notice: Option<Notice>,
    pub(crate) zone: String,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    pub(crate) icon: &'static str,
}

impl Frame {
    /// Around a page of somebody who is logged in.
    pub(crate) fn of(visitor: &Visitor, section: Section, title: impl Into<String>) -> Self {
        let entry = |of: Section, href, text| NavEntry {
            href,
            text,
            here: of == section,
        };
        let mut nav = vec![
            entry(Section::Live, "/rooms", "Live"),
            entry(Section::Usage, "/usage", "Usage"),
            entry(Section::Recordings, "/recordings", "Recordings"),
            entry(Section::Billing, "/billing", "Billing"),
        ];
        if visitor.user.admin {
            nav.push(entry(Section::Prompts, "/prompts", "Prompts"));
        }
        nav.push(entry(Section::Account, "/account", "Account"));
        Self {
            user: Some(visitor.user.clone()),
            nav,
            notice: visitor.notice.clone(),
            zone: visitor.zone.name().to_owned(),
            ..Self::of_nobody(title)
        }
    }

    /// Around the login and the error pages.
    pub(crate) fn of_nobody(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            user: None,
            nav: vec![],
            notice: None,
            zone: "UTC".to_owned(),
            style: assets::STYLE.url(),
            script: assets::SCRIPT.url(),
            icon: assets::ICON.url(),
        }
    }
}

/// What a redirect says in its `done` or `refused`: a word, so that no link can put text of its own
/// into our page.
pub(crate) fn notice(query: &str) -> Option<Notice> {
    let found = query
        .split('&')
        .find_map(|pair| match pair.split_once('=') {
            Some((key @ ("done" | "refused"), word)) => Some((key, word)),
            _ => None,
        });
    let (key, word) = found?;
    let texts = if key == "done" { DONE } else { REFUSED };
    let (_, text) = texts.iter().find(|(known, _)| *known == word)?;
    Some(Notice {
        text,
        bad: key == "refused",
    })
}

const DONE: &[(&str, &str)] = &[
    ("command", "Done."),
    (
        "settings",
        "The settings are saved. They hold from the next conference on.",
    ),
    ("pin", "The PIN is changed. It holds from the next call on."),
    (
        "preset",
        "The security code is preset. It holds from the next conference on.",
    ),
    ("no_preset", "No security code is preset any more."),
    ("password", "Your password is changed."),
    ("billed", "The conference has its billing code."),
    ("title", "The recording is renamed."),
    ("held", "The recording is on hold and will not be deleted."),
    ("released", "The hold is taken off the recording."),
    ("deleted", "The recording is deleted."),
    ("code", "The billing code is saved."),
    (
        "code_removed",
        "The billing code is off the list. Past conferences keep it.",
    ),
    ("default", "The room has its default billing code."),
    ("prompt", "Callers hear your sound from the next time on."),
    (
        "prompt_default",
        "Callers hear our sound again from the next time on.",
    ),
    ("out", "You are logged out."),
];

const REFUSED: &[(&str, &str)] = &[
    ("no_such_leg", "That caller is no longer in the room."),
    ("hosts_only", "Only a host may do that."),
    (
        "muted_by_host",
        "Lecture mode does not allow that. Open the caller's hand instead.",
    ),
    ("cannot_record", "The recording could not be started."),
    ("no_conference", "There is no conference in this room now."),
    (
        "lecture_holds",
        "Lecture mode keeps the guests muted. End it to open their lines.",
    ),
    ("no_hand", "No hand is raised."),
    (
        "dial_not_allowed",
        "Calling out is not allowed in this room.",
    ),
    (
        "too_many_dials",
        "Too many calls are under way. Wait for their answers.",
    ),
    ("room_full", "The room is full."),
    (
        "held",
        "The recording is on hold. Take the hold off before you delete it.",
    ),
    (
        "running",
        "The conference still runs. Its recording can be deleted when it has ended.",
    ),
    (
        "code",
        "A billing code has 2 to 20 digits, its name at most 80 characters.",
    ),
    ("title", "A title has at most 120 characters."),
];

/// The page, or the plain word that something is broken.
pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => ([(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            trouble::broken()
        }
    }
}

/// The text as the value of a query: everything but letters, digits and `-_.~/` as `%XX`.
pub(crate) fn query_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                value.push(char::from(byte));
            }
            _ => value.push_str(&format!("%{byte:02X}")),
        }
    }
    value
}
