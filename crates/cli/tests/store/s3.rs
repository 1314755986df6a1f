//! A server that speaks as much of S3 as objects need: list, get with ranges, head, put, and writing in parts. It is
//! written from the service's documentation and shares no code with the client.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::http::{self, Request};

/// How many objects a page of a list has: few, so that there are pages.
const PAGE: usize = 3;

/// What the server does instead of what it should.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// An answer of this HTTP status.
    Status(u16),
    /// An answer of this HTTP status that asks to wait for so many seconds.
    Later(u16, u64),
    /// The connection ends without an answer.
    Reset,
    /// Of the body only so many bytes come.
    Cut(usize),
    /// The answer comes after so long.
    Slow(Duration),
}

#[derive(Default)]
pub struct State {
    /// By bucket and key: `bucket/key`.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// What to do to the next requests, one each.
    pub faults: VecDeque<Fault>,
    /// What to do to a request, when `faults` is empty.
    pub fault_at: Option<fn(&Request) -> Option<Fault>>,
    /// How often each kind of request came, as `GET` or `PUT part`.
    pub counts: BTreeMap<&'static str, usize>,
    /// The bytes of objects that were sent.
    pub sent: usize,
    /// Each request: its kind and its target.
    pub log: Vec<(&'static str, String)>,
    /// The writings in parts that are neither complete nor given up.
    pub uploads: HashMap<String, BTreeMap<u32, Vec<u8>>>,
    begun: usize,
}

/// The server; it ends with the test.
#[derive(Clone)]
pub struct S3 {
    pub address: String,
    state: Arc<Mutex<State>>,
}

/// The entity tag of these bytes: any hash does.
fn etag(bytes: &[u8]) -> String {
    let fold = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("\"{:016x}\"", bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold))
}

impl S3 {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let address = http::serve(move |stream, request| answer(&shared, stream, &request));
        Self { address, state }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        self.state().objects.insert(key.to_owned(), bytes.to_vec());
    }

    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(key).cloned()
    }

    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let state = self.state();
        state
            .objects
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// What came since the last call, by kind.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.state().counts)
    }

    /// The bytes of objects that were sent since the last call.
    pub fn sent(&self) -> usize {
        std::mem::take(&mut self.state().sent)
    }

    /// The environment that leads here.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }
}

fn kind(request: &Request) -> &'static str {
    let has = |name: &str| request.parameter(name).is_some();
    match request.method.as_str() {
        "GET" if has("list-type") => "LIST",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" if has("partNumber") => "PUT part",
        "PUT" => "PUT",
        "POST" if has("uploads") => "POST begin",
        "POST" => "POST complete",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// Answers a request; whether the connection goes on.
fn answer(state: &Mutex<State>, stream: &mut TcpStream, request: &Request) -> bool {
    let kind = kind(request);
    let fault = {
        let mut state = state.lock().unwrap();
        *state.counts.entry(kind).or_default() += 1;
        state.log.push((kind, request.target.clone()));
        let next = state.faults.pop_front();
        next.or_else(|| state.fault_at.and_then(|fault| fault(request)))
    };
    let mut cut = usize::MAX;
    match fault {
        Some(Fault::Reset) => return false,
        Some(Fault::Status(status)) => {
            let body = b"<Error>\n  <Code>Told</Code>\n</Error>";
            return http::respond(stream, status, &[], body, usize::MAX);
        }
        Some(Fault::Later(status, seconds)) => {
            let headers = [("Retry-After", seconds.to_string())];
            return http::respond(stream, status, &headers, b"<Error/>", usize::MAX);
        }
        Some(Fault::Cut(sent)) => cut = sent,
        Some(Fault::Slow(time)) => thread::sleep(time),
        None => {}
    }
    // Web addresses are read without a signature.
    let signed = request
        .header("authorization")
        .is_some_and(|a| a.starts_with("AWS4-HMAC-SHA256 "));
    if !signed && !request.path().starts_with("/public/") {
        return http::respond(stream, 403, &[], b"<Error><Code>AccessDenied</Code></Error>", cut);
    }
    let (status, headers, body) = state.lock().unwrap().act(kind, request);
    let whole = body.len();
    if kind == "GET" {
        state.lock().unwrap().sent += whole.min(cut);
    }
    let body = if kind == "HEAD" { &[] } else { body.as_slice() };
    let mut headers: Vec<(&str, String)> = headers;
    headers.push(("Content-Length", whole.to_string()));
    http::respond(stream, status, &headers, body, cut)
}

type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

impl State {
    fn act(&mut self, kind: &str, request: &Request) -> Answer {
        let path = request.path();
        let key = path.trim_start_matches('/');
        let nothing = || (404, Vec::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
        let upload = request.parameter("uploadId").unwrap_or_default();
        match kind {
            "LIST" => self.list(key.trim_end_matches('/'), request),
            "GET" | "HEAD" => match self.objects.get(key) {
                Some(bytes) => get(bytes, request),
                None => nothing(),
            },
            "PUT" if request.header("if-none-match") == Some("*") && self.objects.contains_key(key) => (
                412,
                Vec::new(),
                b"<Error><Code>PreconditionFailed</Code></Error>".to_vec(),
            ),
            "PUT" => {
                self.objects.insert(key.to_owned(), request.body.clone());
                (200, vec![("ETag", etag(&request.body))], Vec::new())
            }
            "POST begin" => {
                self.begun += 1;
                let id = format!("upload-{}", self.begun);
                self.uploads.insert(id.clone(), BTreeMap::new());
                let body =
                    format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
                (200, Vec::new(), body.into_bytes())
            }
            "PUT part" => {
                let number = request.parameter("partNumber").unwrap().parse().unwrap();
                let Some(parts) = self.uploads.get_mut(&upload) else {
                    return nothing();
                };
                parts.insert(number, request.body.clone());
                (200, vec![("ETag", etag(&request.body))], Vec::new())
            }
            "POST complete" => {
                let Some(parts) = self.uploads.remove(&upload) else {
                    return nothing();
                };
                let bytes: Vec<u8> = parts.into_values().flatten().collect();
                let body = format!(
                    "<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>",
                    etag(&bytes)
                );
                self.objects.insert(key.to_owned(), bytes);
                (200, Vec::new(), body.into_bytes())
            }
            "DELETE" => {
                self.uploads.remove(&upload);
                (204, Vec::new(), Vec::new())
            }
            _ => (400, Vec::new(), Vec::new()),
        }
    }

    fn list(&self, bucket: &str, request: &Request) -> Answer {
        let in_bucket = format!("{bucket}/");
        let prefix = in_bucket.clone() + &request.parameter("prefix").unwrap_or_default();
        let after = request.parameter("continuation-token").unwrap_or_default();
        let mut found = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let page: Vec<_> = found.by_ref().take(PAGE).collect();
        let more = found.next().is_some();
        let mut body = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>");
        for (key, bytes) in &page {
            let name = key.strip_prefix(&in_bucket).unwrap().replace('&', "&amp;");
            body += &format!(
                "<Contents><Key>{name}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size></Contents>",
                etag(bytes).replace('"', "&quot;"),
                bytes.len()
            );
        }
        if more {
            let (last, _) = page.last().unwrap();
            body += &format!("<NextContinuationToken>{last}</NextContinuationToken>");
        }
        body += "</ListBucketResult>";
        (200, Vec::new(), body.into_bytes())
    }
}

fn get(bytes: &[u8], request: &Request) -> Answer {
    let mut headers = vec![
        ("ETag", etag(bytes)),
        ("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT".to_owned()),
    ];
    if request.header("if-match").is_some_and(|wanted| wanted != etag(bytes)) {
        return (
            412,
            Vec::new(),
            b"<Error><Code>PreconditionFailed</Code></Error>".to_vec(),
        );
    }
    let Some(range) = request.header("range").and_then(|r| r.strip_prefix("bytes=")) else {
        return (200, headers, bytes.to_vec());
    };
    let (first, last) = range.split_once('-').unwrap();
    let first: usize = first.parse().unwrap();
    if first >= bytes.len() {
        return (416, Vec::new(), b"<Error><Code>InvalidRange</Code></Error>".to_vec());
    }
    let end = last
        .parse::<usize>()
        .map_or(bytes.len(), |last| bytes.len().min(last + 1));
    headers.push(("Content-Range", format!("bytes {first}-{}/{}", end - 1, bytes.len())));
    (206, headers, bytes[first..end].to_vec())
}
