//! The prompts page, for administrators: what callers hear in each language, and sounds of their
//! own in the place of ours. Converts no sound: the program behind [`PromptDesk`] does.

use std::fmt::Debug;
use std::sync::Arc;

use askama::Template;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use confab_core::settings::Language;
use confab_store::{language_word, parse_language};
use serde::Deserialize;

use crate::app::App;
use crate::audio;
use crate::frame::{self, Frame, Section, query_value};
use crate::trouble::Trouble;
use crate::visitor::Visitor;

/// Which sound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PromptPlace {
    /// A prompt, by its key.
    Spoken(Language, String),
    /// What is heard by those who wait.
    Music,
}

/// One prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptLine {
    /// its key
    pub key: String,
    /// what it says
    pub text: String,
    /// somebody has put another sound in the place of ours
    pub own: bool,
}

/// The sounds, as the page needs them. Every method may block on disk and processor; the page calls
/// them where that is allowed.
pub trait PromptDesk: Debug + Send + Sync {
    /// Every prompt of a language.
    fn lines(&self, language: Language) -> Vec<PromptLine>;
    /// Whether the hold music is not ours.
    fn music_is_own(&self) -> bool;
    /// The sound as a file with its media type; none when there is no such place.
    fn file(&self, place: &PromptPlace) -> Option<(&'static str, Vec<u8>)>;
    /// Checks, converts and keeps a file of at most [`UPLOAD_BYTES_MAX`].
    ///
    /// # Errors
    /// What is wrong, in words for whoever sent it; then nothing has changed.
    fn replace(&self, place: &PromptPlace, file: Vec<u8>) -> Result<(), String>;
    /// Back to the sound that came with the program.
    ///
    /// # Errors
    /// As [`PromptDesk::replace`].
    fn restore(&self, place: &PromptPlace) -> Result<(), String>;
}

/// Files are never larger.
pub const UPLOAD_BYTES_MAX: usize = 32 << 20;
/// Files that may be in memory and being converted at once. More are told to wait.
pub(crate) const UPLOADS_MAX: usize = 2;
const PAGE_ROWS: usize = 40;
/// Where the address of a sound says which music it means.
const SOUNDS: &str = "sounds";
const MUSIC: &str = "hold-music";
const LANGUAGES: [(Language, &str); 3] = [
    (Language::En, "English"),
    (Language::Fr, "French"),
    (Language::De, "German"),
];

#[derive(Template)]
#[template(path = "prompts.html")]
struct PromptsPage {
    frame: Frame,
    languages: Vec<(&'static str, &'static str)>,
    language: &'static str,
    search: String,
    only_own: bool,
    music: Option<Row>,
    rows: Vec<Row>,
    found: String,
    wrong: Option<Wrong>,
    page: usize,
    pages: usize,
    query: String,
}

/// One sound on the page.
struct Row {
    /// its address without what is done there
    href: String,
    /// for the element's id
    key: String,
    title: String,
    text: String,
    own: bool,
}

/// What was wrong with which file.
struct Wrong {
    what: String,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    language: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    page: String,
}

/// GET /prompts
pub(crate) async fn page(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    administrators_only(&visitor)?;
    show(&app, &visitor, asked, None).await
}

fn administrators_only(visitor: &Visitor) -> Result<(), Trouble> {
    if visitor.user.admin {
        Ok(())
    } else {
        Err(Trouble::NotFound)
    }
}

async fn show(
    app: &App,
    visitor: &Visitor,
    asked: Asked,
    wrong: Option<Wrong>,
) -> Result<Response, Trouble> {
    let language = parse_language(&asked.language).unwrap_or_default();
    let desk = app.portal.prompts.clone();
    let read = move || (desk.lines(language), desk.music_is_own());
    let (lines, music_is_own) = blocking(read).await?;
    let search = asked.q.trim().to_lowercase();
    let fits = |line: &PromptLine| {
        let named = line.key.contains(&search) || line.text.to_lowercase().contains(&search);
        named && (line.own || !asked.own)
    };
    let found: Vec<PromptLine> = lines.into_iter().filter(fits).collect();
    let pages = found.len().div_ceil(PAGE_ROWS).max(1);
    let page = asked.page.parse().unwrap_or(1).clamp(1, pages);
    let word = language_word(language);
    let row = |line: PromptLine| Row {
        href: format!("/prompts/{word}/{}", line.key),
        title: line.text,
        text: line.key.clone(),
        key: line.key,
        own: line.own,
    };
    let music = Row {
        href: format!("/prompts/{SOUNDS}/{MUSIC}"),
        key: MUSIC.to_owned(),
        title: "Hold music".to_owned(),
        text: "For those who wait, in a loop".to_owned(),
        own: music_is_own,
    };
    let own = if asked.own { "&own=true" } else { "" };
    Ok(frame::html(&PromptsPage {
        frame: Frame::of(visitor, Section::Prompts, "Prompts"),
        languages: LANGUAGES.map(|(l, name)| (language_word(l), name)).to_vec(),
        language: word,
        query: format!("language={word}&q={}{own}", query_value(asked.q.trim())),
        search: asked.q.trim().to_owned(),
        only_own: asked.own,
        music: (page == 1 && search.is_empty() && (music_is_own || !asked.own)).then_some(music),
        found: crate::words::count(found.len(), "prompt"),
        rows: found
            .into_iter()
            .skip((page - 1) * PAGE_ROWS)
            .take(PAGE_ROWS)
            .map(row)
            .collect(),
        wrong,
        page,
        pages,
    }))
}

/// Runs what may block where that is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a prompt could not be worked on");
        Trouble::Refused("Something went wrong with this sound; the log says what.".to_owned())
    })
}

/// The place that an address names.
fn place_of(shelf: &str, key: &str) -> Result<PromptPlace, Trouble> {
    match parse_language(shelf) {
        _ if shelf == SOUNDS && key == MUSIC => Ok(PromptPlace::Music),
        Ok(language) => Ok(PromptPlace::Spoken(language, key.to_owned())),
        Err(_) => Err(Trouble::NotFound),
    }
}

/// GET /prompts/{shelf}/{key}/sound
pub(crate) async fn sound(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path((shelf, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    administrators_only(&visitor)?;
    let place = place_of(&shelf, &key)?;
    let desk = app.portal.prompts.clone();
    let file = blocking(move || desk.file(&place)).await?;
    let (kind, bytes) = file.ok_or(Trouble::NotFound)?;
    Ok(audio::serve_bytes(kind, bytes, &headers))
}

/// POST /prompts/{shelf}/{key}
pub(crate) async fn replace(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path((shelf, key)): Path<(String, String)>,
    form: Multipart,
) -> Result<Response, Trouble> {
    administrators_only(&visitor)?;
    let place = place_of(&shelf, &key)?;
    // Held from before the body is read: it is the memory that is counted.
    let Ok(_permit) = app.prompt_uploads.try_acquire() else {
        let why = "Other sounds are being converted. Please try again in a moment.";
        let page = refused(&app, &visitor, &place, why.to_owned()).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response());
    };
    let file = match file_of(form).await {
        Ok(file) => file,
        Err(why) => {
            let page = refused(&app, &visitor, &place, why).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (desk, at) = (app.portal.prompts.clone(), place.clone());
    match blocking(move || desk.replace(&at, file)).await? {
        Ok(()) => {
            tracing::info!(
                shelf,
                key,
                by = visitor.user.email,
                "a prompt has a sound of its own"
            );
            Ok(back(&place, "prompt"))
        }
        Err(why) => {
            let page = refused(&app, &visitor, &place, why).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// POST /prompts/{shelf}/{key}/default
pub(crate) async fn restore(
    visitor: Visitor,
    State(app): State<Arc<App>>,
    Path((shelf, key)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    administrators_only(&visitor)?;
    let place = place_of(&shelf, &key)?;
    let (desk, at) = (app.portal.prompts.clone(), place.clone());
    match blocking(move || desk.restore(&at)).await? {
        Ok(()) => {
            tracing::info!(
                shelf,
                key,
                by = visitor.user.email,
                "a prompt is as it came"
            );
            Ok(back(&place, "prompt_default"))
        }
        Err(why) => {
            let page = refused(&app, &visitor, &place, why).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The bytes of the one file in a form.
async fn file_of(mut form: Multipart) -> Result<Vec<u8>, String> {
    let unreadable = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!(
                "The file is too large: {} MB at most.",
                UPLOAD_BYTES_MAX >> 20
            )
        }
        _ => "The file did not arrive whole. Please try again.".to_owned(),
    };
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() == Some("file") {
            let bytes = field.bytes().await.map_err(unreadable)?;
            return Ok(bytes.into());
        }
    }
    Err("Please choose a file.".to_owned())
}

fn language_of(place: &PromptPlace) -> &'static str {
    match place {
        PromptPlace::Spoken(language, _) => language_word(*language),
        PromptPlace::Music => language_word(Language::default()),
    }
}

fn key_of(place: &PromptPlace) -> &str {
    match place {
        PromptPlace::Spoken(_, key) => key,
        PromptPlace::Music => "",
    }
}

/// To the prompt that was changed, alone on its page.
fn back(place: &PromptPlace, done: &str) -> Response {
    let (language, key) = (language_of(place), query_value(key_of(place)));
    let to = format!("/prompts?language={language}&q={key}&done={done}");
    Redirect::to(&to).into_response()
}

async fn refused(
    app: &App,
    visitor: &Visitor,
    place: &PromptPlace,
    why: String,
) -> Result<Response, Trouble> {
    let what = match place {
        PromptPlace::Spoken(_, key) => key.clone(),
        PromptPlace::Music => "Hold music".to_owned(),
    };
    let asked = Asked {
        language: language_of(place).to_owned(),
        q: key_of(place).to_owned(),
        ..Asked::default()
    };
    show(app, visitor, asked, Some(Wrong { what, why })).await
}
