//! The table of keys: each with its default and what it is. Reads nothing.

/// One key of the configuration, as the documentation and `confab check` show it.
#[derive(Debug)]
pub struct KeySpec {
    /// name in the file; upper case behind `CONFAB_` in the environment
    pub name: &'static str,
    /// value when nothing is said
    pub default: &'static str,
    /// what it is, with its unit
    pub help: &'static str,
}

/// Every key there is.
pub const KEYS: &[KeySpec] = &[
    KeySpec {
        name: "data_dir",
        default: "./data",
        help: "folder of everything Confab keeps",
    },
    KeySpec {
        name: "database_url",
        default: "",
        help: "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; empty: confab.db in data_dir",
    },
    KeySpec {
        name: "sip_listen",
        default: "udp:0.0.0.0:5060,tcp:0.0.0.0:5060",
        help: "where SIP listens: TRANSPORT:ADDRESS:PORT, separated by commas",
    },
    KeySpec {
        name: "sip_source_rate_per_s",
        default: "500",
        help: "SIP messages a second one source may send before it is ignored for a while",
    },
    KeySpec {
        name: "sip_trunk",
        default: "",
        help: "where calls to be placed go: sip:HOST:PORT;transport=udp, or tcp; empty: nowhere",
    },
    KeySpec {
        name: "sip_trunk_user",
        default: "",
        help: "name for the trunk's digest challenges; empty: none is answered",
    },
    KeySpec {
        name: "sip_trunk_password",
        default: "",
        help: "password for the trunk's digest challenges",
    },
    KeySpec {
        name: "sip_trunk_from",
        default: "",
        help: "who calls, always: sip:USER@HOST; empty: the number that the room was dialled by",
    },
    KeySpec {
        name: "codecs",
        default: "g722,pcma,pcmu",
        help: "codecs, the best first, of opus, g722, pcma and pcmu; of the last two the caller chooses",
    },
    KeySpec {
        name: "comfort_noise",
        default: "true",
        help: "true: a phone that can make the noise of a quiet line is told to, not sent silence",
    },
    KeySpec {
        name: "srtp",
        default: "accept",
        help: "encrypted sound: never; accept it from who asks for it; require it of everybody",
    },
    KeySpec {
        name: "media_address",
        default: "auto",
        help: "address RTP is bound to and callers are told; auto: the one of the default route",
    },
    KeySpec {
        name: "rtp_ports",
        default: "20000-29999",
        help: "RTP and RTCP ports, FIRST-LAST",
    },
    KeySpec {
        name: "io_uring",
        default: "true",
        help: "true: packets go out by io_uring, many by one call, where the system allows it",
    },
    KeySpec {
        name: "drop_unheard",
        default: "true",
        help: "true: the system drops most packets of who may not speak or is exactly silent, where it can",
    },
    KeySpec {
        name: "media_threads",
        default: "auto",
        help: "number of media threads; auto: one for each core but one",
    },
    KeySpec {
        name: "busy_tick_us",
        default: "14000",
        help: "new calls are refused while a tick takes so many microseconds of its 20,000",
    },
    KeySpec {
        name: "dead_line_seconds",
        default: "30",
        help: "a line without a packet for so many seconds has hung up",
    },
    KeySpec {
        name: "http_listen",
        default: "0.0.0.0:8080",
        help: "where the portal listens",
    },
    KeySpec {
        name: "http_connections",
        default: "4096",
        help: "connections to the portal at once; further ones are refused",
    },
    KeySpec {
        name: "http_connections_per_address",
        default: "1024",
        help: "those of one address; a proxy is one: set it as high as http_connections there",
    },
    KeySpec {
        name: "recording_keep_days",
        default: "365",
        help: "recordings are deleted after so many days",
    },
    KeySpec {
        name: "log",
        default: "info",
        help: "log filter: error, warn, info, debug, or target=level pairs with commas",
    },
    KeySpec {
        name: "log_json",
        default: "false",
        help: "true: one JSON object a log line",
    },
    KeySpec {
        name: "layouts",
        default: "",
        help: "keypads beside openvoice and star-six: [layouts.NAME] with \"*2\" = \"toggle_mute\" lines",
    },
];
