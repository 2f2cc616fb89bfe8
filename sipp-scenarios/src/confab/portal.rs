//! A host at the portal: logs in with a form and a cookie, asks the API, gives commands.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, StatusCode, header};
use serde_json::Value;

/// No page may take longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody logged in.
#[derive(Clone, Debug)]
pub struct Portal {
    client: Client,
    base: String,
}

/// One caller as the portal shows it.
#[derive(Clone, Debug)]
pub struct LegView(Value);

impl Portal {
    /// Logs in.
    ///
    /// # Errors
    /// When the portal does not answer, or refuses.
    pub async fn log_in(base: &str, email: &str, password: &str) -> Result<Self> {
        let client = builder().cookie_store(true).build()?;
        let portal = Self {
            client,
            base: base.to_owned(),
        };
        let status = portal
            .post("/login", &[("email", email), ("password", password)])
            .await?
            .status();
        ensure!(
            status == StatusCode::SEE_OTHER,
            "the login was answered {status}"
        );
        Ok(portal)
    }

    /// Sends a form.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<reqwest::Response> {
        let pairs: Vec<String> = form
            .iter()
            .map(|(k, v)| format!("{}={}", escaped(k), escaped(v)))
            .collect();
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(pairs.join("&"));
        Ok(request.send().await?)
    }

    /// A page or file.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self
            .client
            .get(format!("{}{path}", self.base))
            .send()
            .await?;
        let status = answer.status();
        ensure!(status == StatusCode::OK, "{path} was answered {status}");
        Ok(answer.bytes().await?.to_vec())
    }

    /// A page as text.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub async fn text(&self, path: &str) -> Result<String> {
        Ok(String::from_utf8(self.bytes(path).await?)?)
    }

    /// An answer of the API.
    ///
    /// # Errors
    /// When it is not 200 and JSON.
    pub async fn json(&self, path: &str) -> Result<Value> {
        let text = self.text(&format!("/api/v1{path}")).await?;
        serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))
    }

    /// The room as the API tells it.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn room(&self, room: &str) -> Result<Value> {
        self.json(&format!("/rooms/{room}")).await
    }

    /// The callers in a room, in order of arrival; none when it is not in use.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn legs(&self, room: &str) -> Result<Vec<LegView>> {
        let state = self.room(room).await?;
        let legs = state
            .pointer("/conference/legs")
            .or_else(|| state.get("legs"));
        Ok(legs
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .cloned()
            .map(LegView)
            .collect())
    }

    /// The one caller of this name.
    ///
    /// # Errors
    /// When there is none, or the API does not answer.
    pub async fn leg(&self, room: &str, name: &str) -> Result<LegView> {
        let legs = self.legs(room).await?;
        legs.iter()
            .find(|leg| leg.text("name") == name)
            .cloned()
            .with_context(|| format!("nobody is called {name}: {legs:?}"))
    }

    /// Gives a command to a room, about one caller or about all.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn command(&self, room: &str, command: &str, leg: Option<&LegView>) -> Result<()> {
        let id = leg.map(LegView::id).unwrap_or_default();
        let mut form = vec![("command", command)];
        if leg.is_some() {
            form.push(("leg", id.as_str()));
        }
        let answer = self.post(&format!("/rooms/{room}/commands"), &form).await?;
        let status = answer.status();
        match status.as_u16() {
            200..300 => Ok(()),
            _ => bail!("{command} was answered {status}: {}", answer.text().await?),
        }
    }
}

impl LegView {
    /// The number commands name it by.
    pub fn id(&self) -> String {
        self.field("leg").to_string()
    }

    /// A field as text.
    pub fn text(&self, field: &str) -> &str {
        self.0
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A field.
    pub fn field(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or(&Value::Null)
    }
}

/// A page that needs no login; an error when the answer is not 200.
///
/// # Errors
/// When the answer is not 200.
pub async fn get(url: &str) -> Result<String> {
    read(builder(), url).await
}

/// The same, asked from this address of ours.
///
/// # Errors
/// When the answer is not 200.
pub async fn get_from(address: IpAddr, url: &str) -> Result<String> {
    read(builder().local_address(address), url).await
}

async fn read(builder: reqwest::ClientBuilder, url: &str) -> Result<String> {
    let answer = builder.build()?.get(url).send().await?;
    let status = answer.status();
    ensure!(status == StatusCode::OK, "{url} was answered {status}");
    Ok(answer.text().await?)
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // somebody else in this process may have been first, with the same one
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    // where the login leads is looked at, not followed
    Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
