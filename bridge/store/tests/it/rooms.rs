//! Rooms, their settings and PINs, access numbers.

use std::time::Duration;

use confab_core::access::{CallType, Country};
use confab_core::settings::{Announce, BadLines, Language, RoomSettings};
use confab_dtmf::layout::Layouts;
use confab_store::{AccessNumber, SETTING_KEYS, StoreError, settings_as_pairs};

use crate::{PIN, check, host, number};

fn odd_settings() -> RoomSettings {
    RoomSettings {
        guests_may_start: true,
        announce: Announce::Nothing,
        join_muted: true,
        continue_after_host: Duration::from_secs(7 * 60),
        billing_capture: true,
        billing_code: Some("0042".into()),
        language: Language::De,
        record_at_start: true,
        max_callers: 2000,
        security_code: true,
        layout: Layouts::shipped().get("star-six").unwrap(),
        hold_music: false,
        alone_limit: Duration::from_secs(9 * 60),
        carrier_limit: Duration::from_secs(360 * 60),
        dial_out: true,
        auto_gain: false,
        bad_lines: BadLines::Mute,
        suppress_noise: true,
    }
}

#[tokio::test]
async fn a_room_keeps_what_its_owner_chose() {
    check(async |store| {
        let user = host(&store, "h@x", &["2000"]).await;
        let room = number("001000");
        let added = store
            .add_room(&room, "H@x", PIN, &odd_settings())
            .await
            .unwrap();
        assert_eq!(added.settings, odd_settings());
        assert_eq!(
            (added.owner.as_str(), added.owner_email.as_str()),
            (user.id.as_str(), "h@x")
        );
        assert_eq!(store.room("001000").await.unwrap(), Some(added));
        let plain = store.room("2000").await.unwrap().unwrap();
        assert_eq!(plain.settings, RoomSettings::default());
        for unknown in ["1000", "", "sip", "1\0", "' OR 1=1 --"] {
            assert_eq!(store.room(unknown).await.unwrap(), None, "{unknown:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn rooms_are_listed_by_number_and_owner() {
    check(async |store| {
        let first = host(&store, "h@x", &["300", "100"]).await;
        let second = host(&store, "i@x", &["200"]).await;
        let listed = async |owner: Option<&str>| -> Vec<String> {
            let rooms = store.rooms(owner).await.unwrap();
            rooms.iter().map(|room| room.number.to_string()).collect()
        };
        assert_eq!(listed(None).await, ["100", "200", "300"]);
        assert_eq!(listed(Some(&first.id)).await, ["100", "300"]);
        assert_eq!(listed(Some(&second.id)).await, ["200"]);
        assert!(listed(Some("nobody")).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_room_is_copied_often() {
    check(async |store| {
        let user = host(&store, "h@x", &[]).await;
        let like = number("500");
        store
            .add_room(&like, "h@x", PIN, &odd_settings())
            .await
            .unwrap();
        store.copy_room("500", 10_000_000, 45_001).await.unwrap();
        assert_eq!(store.rooms(Some(&user.id)).await.unwrap().len(), 45_002);
        let last = number("10045000");
        let copy = store.room(last.as_str()).await.unwrap().unwrap();
        assert_eq!((copy.owner, copy.settings), (user.id, odd_settings()));
        assert!(!store.check_pin(&last, PIN).await.unwrap());
        assert_eq!(store.room("10045001").await.unwrap(), None);
        assert!(store.copy_room("501", 1_000, 1).await.is_err());
        assert!(store.copy_room("500", 10_000_000, 1).await.is_err());
        store.copy_room("500", 1_000, 0).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_a_room_is_refused_in_words() {
    check(async |store| {
        host(&store, "h@x", &["100"]).await;
        let plain = RoomSettings::default();
        let add = async |room: &str, email: &str, pin: &str, settings: &RoomSettings| {
            let told = store
                .add_room(&number(room), email, pin, settings)
                .await
                .unwrap_err();
            let told = told.to_string();
            assert!(!told.contains(pin), "{told}");
            told
        };
        assert_eq!(
            add("100", "h@x", PIN, &plain).await,
            "room 100 exists already"
        );
        assert_eq!(
            add("200", "g@x", PIN, &plain).await,
            "user g@x does not exist"
        );
        assert_eq!(
            add("200", "h@x", "123", &plain).await,
            "a PIN has 4 to 20 digits"
        );
        let odd = RoomSettings {
            max_callers: 1,
            ..plain
        };
        assert!(add("200", "h@x", PIN, &odd).await.contains("2 to 2000"));
        assert_eq!(store.room("200").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_setting_can_be_set_alone() {
    check(async |store| {
        host(&store, "h@x", &["100", "200"]).await;
        let room = number("100");
        let mut expected = settings_as_pairs(&RoomSettings::default());
        for (key, value) in settings_as_pairs(&odd_settings()) {
            store.set_room(&room, key, &value).await.unwrap();
            expected.iter_mut().find(|pair| pair.0 == key).unwrap().1 = value;
            let kept = store.room("100").await.unwrap().unwrap();
            assert_eq!(settings_as_pairs(&kept.settings), expected);
        }
        assert_eq!(expected.len(), SETTING_KEYS.len());
        store.set_room(&room, "billing_code", "").await.unwrap();
        let kept = store.room("100").await.unwrap().unwrap();
        assert_eq!(kept.settings.billing_code, None);
        let other = store.room("200").await.unwrap().unwrap();
        assert_eq!(other.settings, RoomSettings::default());
        let told = store
            .set_room(&number("300"), "language", "fr")
            .await
            .unwrap_err();
        assert_eq!(told.to_string(), "room 300 does not exist");
        let told = store
            .set_room(&number("300"), "pin", PIN)
            .await
            .unwrap_err();
        assert_eq!(told.to_string(), "room 300 does not exist");
        let told = store.set_room(&room, "colour", "red").await.unwrap_err();
        assert!(matches!(&told, StoreError::Invalid(_)), "{told}");
        assert!(told.to_string().contains("announce"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn settings_are_changed_all_or_none() {
    check(async |store| {
        host(&store, "h@x", &["100"]).await;
        let room = number("100");
        let kept = async || store.room("100").await.unwrap().unwrap().settings;
        let changes = [("join_muted", "true"), ("max_callers", "1")];
        let told = store.set_room_all(&room, &changes).await.unwrap_err();
        assert!(told.to_string().contains("2 to 2000"), "{told}");
        assert_eq!(kept().await, RoomSettings::default());
        store.set_room_all(&room, &[]).await.unwrap();
        let odd = settings_as_pairs(&odd_settings());
        let odd: Vec<(&str, &str)> = odd.iter().map(|(key, value)| (*key, &**value)).collect();
        store.set_room_all(&room, &odd).await.unwrap();
        assert_eq!(kept().await, odd_settings());
        let told = store.set_room_all(&number("300"), &changes[..1]).await;
        assert_eq!(told.unwrap_err().to_string(), "room 300 does not exist");

        let secrets = [("pin", "13579"), ("code", "2468"), ("language", "fr")];
        let one_wrong = [&secrets[..], &[("join_muted", "yes"), ("colour", "red")]].concat();
        let told = store.set_room_all(&room, &one_wrong).await.unwrap_err();
        let told = told.to_string();
        assert!(told.contains("join_muted may be true or false"), "{told}");
        assert!(told.contains("no room setting \"colour\""), "{told}");
        assert!(store.check_pin(&room, PIN).await.unwrap());
        assert_eq!(kept().await, odd_settings());
        store.set_room_all(&room, &secrets).await.unwrap();
        assert!(store.check_pin(&room, "13579").await.unwrap());
        let row = store.room("100").await.unwrap().unwrap();
        assert!(store.fits(row.secrets.preset_code.as_ref(), "2468"));
        assert_eq!(row.settings.language, Language::Fr);
    })
    .await;
}

#[tokio::test]
async fn a_pin_opens_its_room_only() {
    check(async |store| {
        host(&store, "h@x", &["100", "200"]).await;
        let fits = async |room: &str, pin: &str| store.check_pin(&number(room), pin).await.unwrap();
        assert!(fits("100", PIN).await);
        for wrong in ["", "8417266", "84172650", "0", "\0", " 8417265"] {
            assert!(!fits("100", wrong).await, "{wrong:?}");
        }
        assert!(!fits("999", PIN).await);
        store
            .set_room(&number("100"), "pin", "55555")
            .await
            .unwrap();
        assert!(fits("100", "55555").await);
        assert!(!fits("100", PIN).await);
        assert!(fits("200", PIN).await);
        let told = store
            .set_room(&number("100"), "pin", "12ab")
            .await
            .unwrap_err();
        assert_eq!(told.to_string(), "a PIN has 4 to 20 digits");
        assert!(fits("100", "55555").await);
    })
    .await;
}

#[tokio::test]
async fn a_preset_code_is_kept_sealed_and_can_be_taken_away() {
    check(async |store| {
        host(&store, "h@x", &["100"]).await;
        let room = number("100");
        let preset = async || {
            let row = store.room("100").await.unwrap().unwrap();
            assert!(!format!("{row:?}").contains("735"), "{row:?}");
            row.secrets.preset_code
        };
        assert_eq!(preset().await, None);
        store.set_room(&room, "code", "73519").await.unwrap();
        let sealed = preset().await.unwrap();
        assert!(store.fits(Some(&sealed), "73519"));
        assert!(!store.fits(Some(&sealed), "73518"));
        assert!(!store.fits(Some(&sealed), PIN));
        assert!(!store.check_pin(&room, "73519").await.unwrap());
        for wrong in ["735", "7351a", "735190735190735190735"] {
            let told = store.set_room(&room, "code", wrong).await.unwrap_err();
            assert_eq!(told.to_string(), "a security code has 4 to 20 digits");
        }
        let told = store.set_room(&number("300"), "code", "1234").await;
        assert_eq!(told.unwrap_err().to_string(), "room 300 does not exist");
        store.set_room(&room, "code", "").await.unwrap();
        assert_eq!(preset().await, None);
    })
    .await;
}

#[tokio::test]
async fn what_is_remembered_opens_without_the_database() {
    check(async |store| {
        host(&store, "h@x", &["100"]).await;
        let row = store.room("100").await.unwrap().unwrap();
        store.close().await;
        assert!(store.fits(Some(&row.secrets.pin), PIN));
        assert!(!store.fits(Some(&row.secrets.pin), "8417266"));
        assert!(!store.fits(None, PIN));
        let (first, second) = (store.seal("4711"), store.seal("4711"));
        assert_ne!(first, second);
        assert!(store.fits(Some(&first), "4711") && store.fits(Some(&second), "4711"));
        assert!(!store.fits(Some(&first), "4712"));
    })
    .await;
}

#[tokio::test]
async fn an_access_number_can_be_changed_by_adding_it_again() {
    check(async |store| {
        host(&store, "h@x", &["100"]).await;
        let mut access = AccessNumber {
            number: "+33123456789".into(),
            language: Language::Fr,
            room: None,
            call_type: CallType::TollFree,
            country: Country::parse("FR"),
        };
        store.put_access_number(&access).await.unwrap();
        assert_eq!(
            store.access_number("+33123456789").await.unwrap().as_ref(),
            Some(&access)
        );
        access.language = Language::En;
        access.room = Some(number("100"));
        access.call_type = CallType::Toll;
        access.country = None;
        store.put_access_number(&access).await.unwrap();
        assert_eq!(store.access_numbers().await.unwrap(), [access.clone()]);
        for unknown in ["", "+", "x\0", "é", &"1".repeat(65)] {
            assert_eq!(
                store.access_number(unknown).await.unwrap(),
                None,
                "{unknown:?}"
            );
        }
        access.room = Some(number("200"));
        let told = store.put_access_number(&access).await.unwrap_err();
        assert_eq!(told.to_string(), "room 200 does not exist");
        access.number = "a b".into();
        let told = store.put_access_number(&access).await.unwrap_err();
        assert!(matches!(told, StoreError::Invalid(_)), "{told}");
    })
    .await;
}
