//! One photo: a test for each row of the contract, and for each way in which a network fails.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use photofit::bigin::{
    ApiVersion, ErrorCode, Failure, Module, Receipt, Record, Scope, TokenError, UploadError, blocking,
};

use super::contract::{Contract, Fault, STORED};
use super::{builder, contact, prepared, run, upload, with_refresh};

fn count(server: &Contract) -> usize {
    server.state().requests.len()
}

/// The photo is refused with `fault`, as `code`, after one attempt.
fn refused(status: u16, code: ErrorCode, scope: Scope) -> UploadError {
    let server = Contract::start();
    server.misbehave([Fault::code(status, code.as_str(), "because")]);
    let error = upload(builder(&server)).unwrap_err();
    let api = error.api().unwrap();
    assert_eq!((api.http_status(), api.code(), api.status()), (status, &code, "error"));
    assert_eq!((api.message(), api.details().as_str()), ("because", "{}"));
    assert_eq!((error.scope(), error.attempts(), count(&server)), (scope, 1, 1));
    assert!(error.to_string().contains(code.resolution()), "{error}");
    error
}

/// The photo is stored at the second attempt, after `fault`.
fn overcome(fault: Fault) -> Receipt {
    let server = Contract::start();
    server.misbehave([fault]);
    let builder = builder(&server).timeouts(
        Duration::from_secs(2),
        Duration::from_millis(300),
        Duration::from_secs(5),
    );
    let receipt = upload(builder).unwrap();
    assert_eq!((receipt.attempts(), count(&server)), (2, 2));
    assert!(server.state().photos.contains_key("Contacts/7"));
    receipt
}

#[test]
fn a_photo_is_stored_as_the_contract_wants_it() {
    let server = Contract::start();
    let client = builder(&server).build().unwrap();
    let photo = prepared(1);
    let receipt = run(async { client.upload_photo(&contact(3_000_000_038_009), &photo).await }).unwrap();
    assert_eq!(
        (receipt.http_status(), receipt.status(), receipt.code()),
        (200, "success", "SUCCESS")
    );
    assert_eq!(receipt.message(), "photo uploaded successfully");
    assert_eq!((receipt.details().as_str(), receipt.attempts()), ("{}", 1));
    let state = server.state();
    assert_eq!(state.photos["Contacts/3000000038009"], (1, photo.bytes().to_vec()));
    assert!(state.complaints.is_empty(), "{:?}", state.complaints);
}

#[test]
fn both_versions_and_every_module_have_their_path() {
    let server = Contract::start();
    for (version, module, path) in [
        (ApiVersion::V1, Module::Companies, "Companies/5"),
        (ApiVersion::V2, Module::Companies, "Accounts/5"),
        (ApiVersion::V2, Module::Products, "Products/5"),
    ] {
        let client = blocking::Client::new(builder(&server).api_version(version)).unwrap();
        client.upload_photo(&Record::new(module, 5), &prepared(2)).unwrap();
        assert!(server.state().photos.contains_key(path), "{path}");
    }
}

#[test]
fn a_module_without_photos_is_refused_by_the_service() {
    let server = Contract::start();
    let client = blocking::Client::new(builder(&server)).unwrap();
    let record: Record = "Documents/5".parse().unwrap();
    let error = client.upload_photo(&record, &prepared(2)).unwrap_err();
    assert_eq!(error.api().unwrap().code(), &ErrorCode::InvalidModule);
}

#[test]
fn invalid_module() {
    refused(400, ErrorCode::InvalidModule, Scope::Record);
}

#[test]
fn invalid_url_pattern() {
    refused(404, ErrorCode::InvalidUrlPattern, Scope::Everything);
}

#[test]
fn oauth_scope_mismatch() {
    assert!(refused(401, ErrorCode::OauthScopeMismatch, Scope::Everything).is_authorization());
}

#[test]
fn no_permission() {
    assert!(refused(403, ErrorCode::NoPermission, Scope::Everything).is_authorization());
}

#[test]
fn authorization_failed() {
    assert!(refused(400, ErrorCode::AuthorizationFailed, Scope::Everything).is_authorization());
}

#[test]
fn internal_error_is_retried() {
    overcome(Fault::code(500, "INTERNAL_ERROR", "Internal Server Error"));
}

#[test]
fn invalid_request_method() {
    refused(400, ErrorCode::InvalidRequestMethod, Scope::Everything);
}

#[test]
fn invalid_data() {
    refused(400, ErrorCode::InvalidData, Scope::Record);
    let server = Contract::start();
    server.state().missing.push(7);
    let error = upload(builder(&server)).unwrap_err();
    assert_eq!(error.api().unwrap().code(), &ErrorCode::InvalidData);
}

#[test]
fn file_size_more_than_allowed_size() {
    refused(415, ErrorCode::FileSizeMoreThanAllowedSize, Scope::Photo);
}

#[test]
fn body_size_reached() {
    refused(413, ErrorCode::BodySizeReached, Scope::Photo);
}

#[test]
fn record_locked() {
    refused(400, ErrorCode::RecordLocked, Scope::Record);
}

#[test]
fn invalid_request() {
    refused(400, ErrorCode::InvalidRequest, Scope::Everything);
}

#[test]
fn any_other_code_is_kept_as_it_came() {
    refused(400, ErrorCode::Other("BRAND_NEW".to_owned()), Scope::Record);
}

#[test]
fn too_many_requests_with_seconds_is_waited_for() {
    let start = Instant::now();
    overcome(Fault::too_many(Some("1".to_owned())));
    assert!(start.elapsed() >= Duration::from_millis(950), "{:?}", start.elapsed());
}

#[test]
fn too_many_requests_with_a_date_is_waited_for() {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 2;
    let server = Contract::start();
    server.misbehave([Fault::too_many(Some(http_date(seconds)))]);
    let receipt = upload(builder(&server)).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.as_secs() >= seconds, "{now:?} is before {seconds}");
    assert_eq!(receipt.attempts(), 2);
}

/// The date in the form of RFC 9110, by counting through the years.
fn http_date(seconds: u64) -> String {
    let (mut days, mut year) = (seconds / 86_400, 1970);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let month = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][month];
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{weekday}, {:02} {month} {year} {h:02}:{m:02}:{s:02} GMT", days + 1)
}

#[test]
fn too_many_requests_without_a_time_backs_off() {
    overcome(Fault::too_many(None));
}

#[test]
fn a_wait_beyond_the_time_of_a_photo_is_not_waited_for() {
    let server = Contract::start();
    let start = Instant::now();
    // The last is longer than clocks count.
    for seconds in ["3600", "99999999999999999999"] {
        server.misbehave([Fault::too_many(Some(seconds.to_owned()))]);
        let error = upload(builder(&server)).unwrap_err();
        assert_eq!((error.scope(), error.attempts()), (Scope::Everything, 1));
    }
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn one_429_slows_every_worker() {
    let server = Contract::start();
    server.misbehave([Fault::too_many(Some("1".to_owned()))]);
    let client = builder(&server).concurrency(4).build().unwrap();
    run(async {
        client.upload_photo(&contact(1), &prepared(1)).await.unwrap();
        let mut tasks = Vec::new();
        for id in 2..6 {
            let client = client.clone();
            tasks.push(tokio::spawn(async move {
                client.upload_photo(&contact(id), &prepared(1)).await.unwrap()
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    let state = server.state();
    let after = state.requests[1..]
        .iter()
        .map(|(at, _)| at.duration_since(state.requests[0].0));
    assert!(after.min().unwrap() >= Duration::from_millis(950));
}

#[test]
fn a_rate_that_is_used_up_is_waited_for_before_it_is_refused() {
    let server = Contract::start();
    let headers = vec![
        ("X-RATELIMIT-REMAINING", "0".to_owned()),
        ("X-RATELIMIT-RESET", "1".to_owned()),
        ("X-API-CREDITS-REMAINING", "41".to_owned()),
    ];
    server.misbehave([Fault::Answer(
        500,
        headers,
        r#"{"code":"INTERNAL_ERROR","status":"error"}"#.to_owned(),
    )]);
    let client = builder(&server).build().unwrap();
    run(async { client.upload_photo(&contact(7), &prepared(1)).await }).unwrap();
    let state = server.state();
    assert!(state.requests[1].0.duration_since(state.requests[0].0) >= Duration::from_millis(950));
    assert_eq!(client.credits_remaining(), Some(41));
}

#[test]
fn server_failures_in_any_dress_are_retried() {
    let html = "<html><h1>Bad Gateway</h1></html>".to_owned();
    overcome(Fault::Answer(502, vec![("Content-Type", "text/html".to_owned())], html));
    overcome(Fault::Answer(503, Vec::new(), String::new()));
    overcome(Fault::code(500, "SOMETHING_NEW", "?"));
}

#[test]
fn broken_connections_are_retried() {
    overcome(Fault::ResetBefore);
    overcome(Fault::ResetInside);
    overcome(Fault::ResetAfter);
}

#[test]
fn answers_that_are_cut_short_are_retried() {
    overcome(Fault::CutShort);
    overcome(Fault::StoredBut(200, STORED[..40].to_owned()));
}

#[test]
fn a_connection_on_which_nothing_moves_is_given_up() {
    overcome(Fault::Stall(Duration::from_secs(3)));
}

#[test]
fn a_slow_answer_is_waited_for() {
    let server = Contract::start();
    server.misbehave([Fault::Slow(Duration::from_millis(700))]);
    assert_eq!(upload(builder(&server)).unwrap().attempts(), 1);
}

#[test]
fn an_answer_that_never_ends_is_a_typed_error() {
    let server = Contract::start();
    server.misbehave([Fault::Endless]);
    let error = upload(builder(&server)).unwrap_err();
    assert!(
        matches!(error.failure(), Failure::TooLong { http_status: 200, .. }),
        "{error}"
    );
}

#[test]
fn a_page_under_200_is_no_success() {
    let server = Contract::start();
    server.misbehave([Fault::Answer(
        200,
        Vec::new(),
        "<html>log in to the hotel</html>".to_owned(),
    )]);
    let error = upload(builder(&server)).unwrap_err();
    assert!(
        matches!(error.failure(), Failure::NotJson { http_status: 200, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("log in to the hotel"));
}

#[test]
fn wrong_shapes_are_typed_errors() {
    for body in ["[]", r#"{"data":[]}"#, r#"{"status":"success","code":"NOPE"}"#] {
        let server = Contract::start();
        server.misbehave([Fault::Answer(200, Vec::new(), body.to_owned())]);
        let error = upload(builder(&server)).unwrap_err();
        assert!(matches!(error.failure(), Failure::WrongShape { .. }), "{error}");
    }
}

#[test]
fn attempts_are_bounded() {
    let server = Contract::start();
    server.misbehave((0..20).map(|_| Fault::code(500, "INTERNAL_ERROR", "always")));
    let error = upload(builder(&server).max_attempts(3)).unwrap_err();
    assert_eq!((error.attempts(), count(&server)), (3, 3));
    assert!(
        error.is_retryable() && error.to_string().ends_with("(after 3 attempts)"),
        "{error}"
    );
}

#[test]
fn nobody_listening_and_no_tls_are_connection_errors() {
    let server = Contract::start();
    let secure = server.url().replace("http:", "https:");
    let error = upload(builder(&server).api_url(secure).max_attempts(2)).unwrap_err();
    assert!(matches!(error.failure(), Failure::Connect { .. }), "{error:?}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = upload(builder(&server).api_url(format!("http://{closed}")).max_attempts(2)).unwrap_err();
    assert!(matches!(error.failure(), Failure::Connect { .. }), "{error:?}");
    assert_eq!(error.scope(), Scope::Everything);
}

#[test]
fn a_certificate_that_is_not_trusted_fails_at_once() {
    let (_, config) = crate::tls::identity();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(config).unwrap();
        while tls.is_handshaking() {
            // The client hangs up once it has seen the certificate.
            if tls.complete_io(&mut stream).is_err() {
                return true;
            }
        }
        false
    });
    let contract = Contract::start();
    let start = Instant::now();
    let error = upload(builder(&contract).api_url(url)).unwrap_err();
    assert!(matches!(error.failure(), Failure::Untrusted { .. }), "{error:?}");
    assert_eq!((error.attempts(), error.scope()), (1, Scope::Everything));
    assert!(!error.is_retryable() && start.elapsed() < Duration::from_secs(5));
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(server.join().unwrap(), "the handshake was refused");
}

#[test]
fn a_fixed_token_that_is_dead_stops_everything() {
    let server = Contract::start();
    server.state().tokens.clear();
    let error = upload(builder(&server)).unwrap_err();
    assert_eq!(error.api().unwrap().code(), &ErrorCode::InvalidToken);
    assert!(error.is_authorization() && error.attempts() == 1);
}

#[test]
fn a_token_that_expires_in_mid_run_is_renewed_once_by_one_task() {
    let server = Contract::start();
    let client = with_refresh(&server).concurrency(8).build().unwrap();
    run(async {
        for round in 0..2u64 {
            let mut tasks = Vec::new();
            for id in 1..=20 {
                let (client, id) = (client.clone(), round * 100 + id);
                tasks.push(tokio::spawn(async move {
                    client.upload_photo(&contact(id), &prepared(1)).await.unwrap()
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            // All at once, all tokens are dead.
            server.state().tokens.clear();
        }
    });
    assert_eq!(server.state().refreshes, 2);
    assert_eq!(server.state().photos.len(), 40);
}

#[test]
fn a_second_dead_token_in_a_row_stops_everything() {
    let server = Contract::start();
    server.misbehave((0..5).map(|_| Fault::code(401, "INVALID_TOKEN", "of another data centre")));
    let error = upload(with_refresh(&server)).unwrap_err();
    assert_eq!((error.attempts(), server.state().refreshes), (2, 2));
    assert!(error.is_authorization() && error.scope() == Scope::Everything);
}

#[test]
fn tokens_are_renewed_before_they_expire() {
    let server = Contract::start();
    server.state().life = Duration::from_secs(1);
    let client = with_refresh(&server).build().unwrap();
    run(async {
        for id in 1..=30 {
            client.upload_photo(&contact(id), &prepared(1)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    // Had one been used after its end, a request would have been refused and repeated.
    assert_eq!(count(&server), 30);
    assert!(server.state().refreshes >= 2);
}

#[test]
fn a_refresh_token_that_is_refused_under_200_is_understood() {
    let server = Contract::start();
    server.state().refresh_token = "another".to_owned();
    let client = with_refresh(&server).build().unwrap();
    run(async {
        for _ in 0..3 {
            let error = client.upload_photo(&contact(1), &prepared(1)).await.unwrap_err();
            let Failure::Token(TokenError::Refused { error: said }) = error.failure() else {
                panic!("{error}")
            };
            assert_eq!(said, "invalid_code");
            assert!(error.is_authorization() && error.attempts() == 0);
        }
    });
    assert_eq!(server.state().refreshes, 1, "it is not asked again");
}

#[test]
fn an_accounts_server_that_fails_is_asked_again() {
    let server = Contract::start();
    server
        .state()
        .token_faults
        .extend([(500, "<html>".to_owned()), (200, "{}".to_owned())]);
    assert_eq!(upload(with_refresh(&server)).unwrap().attempts(), 1);
    assert_eq!(server.state().refreshes, 3);
}

#[test]
fn never_more_tokens_than_the_service_gives() {
    let server = Contract::start();
    let client = with_refresh(&server)
        .max_elapsed(Duration::from_secs(20))
        .build()
        .unwrap();
    let last = run(async {
        for id in 1..=40 {
            server.state().tokens.clear();
            if let Err(error) = client.upload_photo(&contact(id), &prepared(1)).await {
                return Some(error);
            }
        }
        None
    });
    let error = last.unwrap();
    assert!(
        matches!(error.failure(), Failure::Token(TokenError::TooMany { limit: 10 })),
        "{error}"
    );
    assert_eq!(server.state().refreshes, 10);
}

#[test]
fn secrets_that_the_server_repeats_are_taken_out() {
    let server = Contract::start();
    let echo = super::SECRETS.join(" and ");
    for fault in [
        Fault::Answer(400, Vec::new(), format!("<html>{echo}</html>")),
        Fault::code(400, "INVALID_DATA", &echo),
        Fault::Answer(
            400,
            Vec::new(),
            format!(r#"{{"code":"X","status":"error","details":{{"a":"{echo}"}}}}"#),
        ),
        Fault::Answer(400, Vec::new(), format!("{{\"cut\":\"{echo}")),
    ] {
        server.misbehave([fault]);
        server.state().refreshes = 0;
        let client = with_refresh(&server).max_attempts(1).build().unwrap();
        let error = run(async { client.upload_photo(&contact(1), &prepared(1)).await }).unwrap_err();
        let details = error.api().map(|a| a.details()).unwrap_or_default();
        let shown = format!("{error} {error:?} {client:?} {:?} {details}", with_refresh(&server));
        for secret in super::SECRETS.iter().filter(|s| **s != "1000.access.0") {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn no_more_in_flight_than_the_concurrency() {
    let server = Contract::start();
    server.misbehave((0..30).map(|_| Fault::Slow(Duration::from_millis(30))));
    let client = builder(&server).concurrency(3).build().unwrap();
    run(async {
        let tasks: Vec<_> = (1..=30)
            .map(|id| {
                let client = client.clone();
                tokio::spawn(async move { client.upload_photo(&contact(id), &prepared(1)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(server.most_in_flight(), 3);
}

#[test]
fn a_stopped_client_sends_nothing_more() {
    let server = Contract::start();
    let client = builder(&server).build().unwrap();
    client.stop();
    let error = run(async { client.upload_photo(&contact(1), &prepared(1)).await }).unwrap_err();
    assert!(matches!(error.failure(), Failure::Stopped));
    assert_eq!(count(&server), 0);
}
