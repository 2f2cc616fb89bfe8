//! Users, logins, sessions.

use confab_store::StoreError;

use crate::{PASSWORD, check};

#[tokio::test]
async fn a_user_logs_in_with_the_password_and_nothing_else() {
    check(async |store| {
        let added = store
            .add_user(" Ada@Example.org", "Ada L", PASSWORD, true)
            .await
            .unwrap();
        assert_eq!(
            (added.email.as_str(), added.name.as_str()),
            ("ada@example.org", "Ada L")
        );
        assert!(added.admin);
        let login = store
            .check_login("ADA@example.org", PASSWORD)
            .await
            .unwrap();
        assert_eq!(login.as_ref(), Some(&added));
        for (email, password) in [
            ("ada@example.org", "correct horse 8"),
            ("ada@example.org", ""),
            ("bob@example.org", PASSWORD),
            ("ada@example.org\0", PASSWORD),
            ("", ""),
        ] {
            let login = store.check_login(email, password).await.unwrap();
            assert_eq!(login, None, "{email:?} {password:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn users_are_listed_by_address_and_are_unique() {
    check(async |store| {
        assert_eq!(store.users().await.unwrap(), []);
        for email in ["b@x", "a@x"] {
            store.add_user(email, "N", PASSWORD, false).await.unwrap();
        }
        let twice = store
            .add_user("A@X", "N", PASSWORD, false)
            .await
            .unwrap_err();
        assert!(
            matches!(&twice, StoreError::Taken(what) if what == "user a@x"),
            "{twice}"
        );
        let users = store.users().await.unwrap();
        let emails: Vec<&str> = users.iter().map(|user| user.email.as_str()).collect();
        assert_eq!(emails, ["a@x", "b@x"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_user_is_refused_in_words() {
    check(async |store| {
        let long = format!("{}@x", "a".repeat(254));
        for (email, name, password, says) in [
            ("nobody", "N", PASSWORD, "e-mail"),
            ("@x", "N", PASSWORD, "e-mail"),
            ("a@", "N", PASSWORD, "e-mail"),
            ("a@b@c", "N", PASSWORD, "e-mail"),
            ("a b@x", "N", PASSWORD, "e-mail"),
            ("a\0b@x", "N", PASSWORD, "e-mail"),
            (&long, "N", PASSWORD, "e-mail"),
            ("a@x", "N\nM", PASSWORD, "one line"),
            ("a@x", &"n".repeat(121), PASSWORD, "120"),
            ("a@x", "N", "short1", "8 to 200"),
            ("a@x", "N", "no digits here", "letters and digits"),
        ] {
            let told = store
                .add_user(email, name, password, false)
                .await
                .unwrap_err();
            assert!(matches!(&told, StoreError::Invalid(_)), "{told}");
            assert!(told.to_string().contains(says), "{told}");
            assert!(!told.to_string().contains(password), "{told}");
        }
        assert_eq!(store.users().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn another_password_ends_the_sessions() {
    check(async |store| {
        let user = store.add_user("a@x", "N", PASSWORD, false).await.unwrap();
        let token = store.open_session(&user.id, 1_000, 500).await.unwrap();
        store.set_password("A@x", "another word 9").await.unwrap();
        assert_eq!(store.session_user(&token, 1_001).await.unwrap(), None);
        assert_eq!(store.check_login("a@x", PASSWORD).await.unwrap(), None);
        assert!(
            store
                .check_login("a@x", "another word 9")
                .await
                .unwrap()
                .is_some()
        );
        let told = store.set_password("b@x", PASSWORD).await.unwrap_err();
        assert!(
            matches!(&told, StoreError::Missing(what) if what == "user b@x"),
            "{told}"
        );
        let told = store.set_password("a@x", "weak").await.unwrap_err();
        assert!(matches!(told, StoreError::Invalid(_)), "{told}");
    })
    .await;
}

#[tokio::test]
async fn a_session_lasts_as_long_as_it_may() {
    check(async |store| {
        let user = store.add_user("a@x", "N", PASSWORD, false).await.unwrap();
        let first = store.open_session(&user.id, 1_000, 500).await.unwrap();
        let second = store.open_session(&user.id, 1_000, 5_000).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(first.len(), 64);
        assert_eq!(
            store.session_user(&first, 1_499).await.unwrap(),
            Some(user.clone())
        );
        assert_eq!(store.session_user(&first, 1_500).await.unwrap(), None);
        assert_eq!(store.session_user("guess", 1_000).await.unwrap(), None);
        // Opening one forgets those that have expired, whatever the clock then says.
        store.open_session(&user.id, 2_000, 500).await.unwrap();
        assert_eq!(store.session_user(&first, 1_499).await.unwrap(), None);
        store.close_session(&second).await.unwrap();
        store.close_session(&second).await.unwrap();
        assert_eq!(store.session_user(&second, 1_001).await.unwrap(), None);
        let told = store.open_session("no such id", 0, 500).await.unwrap_err();
        assert!(matches!(told, StoreError::Missing(_)), "{told}");
    })
    .await;
}
