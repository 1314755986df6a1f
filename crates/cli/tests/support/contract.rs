//! A server that keeps the contract of the photo API strictly, on loopback, and misbehaves when told to.
//!
//! It is written from the service's documentation alone and shares no code with the client: the HTTP and the multipart
//! body are read here, and the photo is decoded by a decoder that is not photofit's.

#![allow(unreachable_pub, reason = "shared by a test and an example")]

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use image::{ImageDecoder, ImageReader};

/// The answer to a photo that is stored.
pub const STORED: &str =
    r#"{"message":"photo uploaded successfully","details":{},"status":"success","code":"SUCCESS"}"#;

/// What the server does instead of what it should.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An answer of this HTTP status, with these headers and this body; nothing is stored.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The photo is stored, but the answer is this HTTP status and body.
    StoredBut(u16, String),
    /// The connection is reset before the body is read.
    ResetBefore,
    /// The connection is reset in the middle of the body.
    ResetInside,
    /// The photo is stored, and the connection is reset instead of an answer.
    ResetAfter,
    /// The photo is stored, and of the answer only a part comes, of the length that the header promises more of.
    CutShort,
    /// The answer is all white space and never ends.
    Endless,
    /// The photo is stored and nothing is answered for so long.
    Stall(Duration),
    /// The photo is stored and the answer comes after so long.
    Slow(Duration),
}

impl Fault {
    /// One of the service's own errors.
    pub fn code(status: u16, code: &str, message: &str) -> Self {
        Self::Answer(status, Vec::new(), error(code, message))
    }

    /// The service's word that it is too much.
    pub fn too_many(retry_after: Option<String>) -> Self {
        let headers = retry_after.map(|value| ("Retry-After", value)).into_iter().collect();
        Self::Answer(429, headers, error("TOO_MANY_REQUESTS", "slow down"))
    }
}

fn error(code: &str, message: &str) -> String {
    serde_json::json!({"code": code, "details": {}, "message": message, "status": "error"}).to_string()
}

/// What the server expects and counts.
#[derive(Debug)]
pub struct State {
    /// Access tokens that are valid, each until a moment.
    pub tokens: HashMap<String, Instant>,
    /// What a new token is asked for with.
    pub refresh_token: String,
    pub client_id: String,
    pub client_secret: String,
    /// How long a new token lives.
    pub life: Duration,
    /// Records that do not exist.
    pub missing: Vec<u64>,
    /// What to do to the next photos, one each.
    pub faults: VecDeque<Fault>,
    /// What to do to a photo by its count, when `faults` is empty.
    pub fault_at: Option<fn(usize) -> Option<Fault>>,
    /// What to answer to the next requests for a token: HTTP status and body.
    pub token_faults: VecDeque<(u16, String)>,
    /// The photos that are stored, with how often each record got one.
    pub photos: HashMap<String, (usize, Vec<u8>)>,
    /// The photos of which the answer was lost by a fault, by record.
    pub lost_answers: HashMap<String, usize>,
    /// Every request for a photo: the moment it came, its record.
    pub requests: Vec<(Instant, String)>,
    /// The requests for a token.
    pub refreshes: usize,
    /// What was wrong with requests, in words.
    pub complaints: Vec<String>,
    /// The limits: bytes and pixels.
    pub max_bytes: usize,
    pub max_pixels: u64,
}

/// The server; it stops when it is dropped.
pub struct Contract {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    stop: AtomicBool,
}

impl Contract {
    /// A server at a free port, with the valid access token `1000.access.0` and a refresh token.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0").expect("a port")
    }

    /// The same at an address of one's choice.
    pub fn start_at(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let state = State {
            tokens: HashMap::from([("1000.access.0".to_owned(), Instant::now() + Duration::from_secs(3600))]),
            refresh_token: "1000.refresh.secret".to_owned(),
            client_id: "1000.CLIENTID".to_owned(),
            client_secret: "clientsecret0123456789".to_owned(),
            life: Duration::from_secs(3600),
            missing: Vec::new(),
            faults: VecDeque::new(),
            fault_at: None,
            token_faults: VecDeque::new(),
            photos: HashMap::new(),
            lost_answers: HashMap::new(),
            requests: Vec::new(),
            refreshes: 0,
            complaints: Vec::new(),
            max_bytes: 10_000_000,
            max_pixels: 10_000_000,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let seen = Arc::clone(&shared);
        let accept = thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.stop.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&seen);
                if let Ok(stream) = stream {
                    thread::spawn(move || {
                        // A connection that breaks is the client's to see.
                        let _ = serve(&shared, stream);
                    });
                }
            }
        });
        Ok(Self {
            address,
            shared,
            listener: Some(accept),
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Does these to the next photos.
    pub fn misbehave(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// The most photos that were under way at a time.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for Contract {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A request as it came, without its body.
struct Head {
    method: String,
    path: String,
    headers: HashMap<String, String>,
}

impl Head {
    fn get(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let [method, path, "HTTP/1.1"] = words[..] else {
        return Err(io::Error::other("no HTTP/1.1"));
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(Head { method, path, headers }));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| io::Error::other("no header"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, String)], body: &str) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Content-Type") {
        head += "Content-Type: application/json\r\n";
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n" + body).as_bytes())?;
    stream.flush()
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    Err(io::Error::other("reset on purpose"))
}

fn serve(shared: &Shared, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(head) = read_head(&mut reader)? {
        let length: usize = head.get("content-length").parse().unwrap_or(0);
        if head.path == "/oauth/v2/token" {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let (status, body) = token(&mut shared.lock(), &head, &body);
            answer(&mut stream, status, &[], &body)?;
            continue;
        }
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_in_flight.fetch_max(now, Ordering::SeqCst);
        let done = photo(shared, &head, length, &mut reader, &mut stream);
        // Counted down in `photo` before the answer is written, or here if it never was.
        done?;
    }
    Ok(())
}

/// Counts a request down once, at the latest when it is dropped.
struct InFlight<'a>(&'a AtomicUsize, bool);

impl InFlight<'_> {
    fn over(&mut self) {
        if !std::mem::replace(&mut self.1, true) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.over();
    }
}

fn photo(
    shared: &Shared,
    head: &Head,
    length: usize,
    reader: &mut BufReader<TcpStream>,
    stream: &mut TcpStream,
) -> io::Result<()> {
    let mut flight = InFlight(&shared.in_flight, false);
    let record = head.path.trim_end_matches("/photo").rsplitn(3, '/').collect::<Vec<_>>();
    let record = match record[..] {
        [id, module, _] => format!("{module}/{id}"),
        _ => head.path.clone(),
    };
    let fault = {
        let mut state = shared.lock();
        let count = state.requests.len();
        state.requests.push((Instant::now(), record.clone()));
        state
            .faults
            .pop_front()
            .or_else(|| state.fault_at.and_then(|at| at(count)))
    };
    if let Some(Fault::ResetBefore) = fault {
        flight.over();
        return reset(stream);
    }
    let mut body = vec![0; length];
    if let Some(Fault::ResetInside) = fault {
        reader.read_exact(&mut body[..length / 2])?;
        flight.over();
        return reset(stream);
    }
    reader.read_exact(&mut body)?;
    if let Some(Fault::Answer(status, headers, text)) = &fault {
        flight.over();
        return answer(stream, *status, headers, text);
    }
    let (status, text) = judge(&mut shared.lock(), head, &record, &body);
    if status == 200
        && matches!(
            fault,
            Some(Fault::ResetAfter | Fault::CutShort | Fault::Endless | Fault::Stall(_) | Fault::StoredBut(..))
        )
    {
        *shared.lock().lost_answers.entry(record).or_default() += 1;
    }
    match fault {
        Some(Fault::ResetAfter) => {
            flight.over();
            return reset(stream);
        }
        Some(Fault::StoredBut(status, text)) => {
            flight.over();
            return answer(stream, status, &[], &text);
        }
        Some(Fault::CutShort) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
            flight.over();
            stream.write_all((head + &text[..text.len() / 2]).as_bytes())?;
            return Err(io::Error::other("cut short on purpose"));
        }
        Some(Fault::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            loop {
                stream.write_all(format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes())?;
            }
        }
        Some(Fault::Stall(time)) => {
            // When the client gives it up is not seen here.
            flight.over();
            thread::sleep(time);
            return Err(io::Error::other("stalled on purpose"));
        }
        Some(Fault::Slow(time)) => thread::sleep(time),
        _ => {}
    }
    flight.over();
    answer(stream, status, &[], &text)
}

/// What the contract says to a request for a photo.
fn judge(state: &mut State, head: &Head, record: &str, body: &[u8]) -> (u16, String) {
    let mut refuse = |status: u16, code: &str, why: &str| {
        state.complaints.push(format!("{code}: {why}"));
        (status, error(code, why))
    };
    let parts: Vec<&str> = head.path.split('/').collect();
    let ["", "bigin", version @ ("v1" | "v2"), module, id, "photo"] = parts[..] else {
        return refuse(
            404,
            "INVALID_URL_PATTERN",
            "Please check if the URL trying to access is a correct one",
        );
    };
    if head.method != "POST" {
        return refuse(
            400,
            "INVALID_REQUEST_METHOD",
            "The http request method type is not a valid one",
        );
    }
    let companies = if version == "v1" { "Companies" } else { "Accounts" };
    if module != "Contacts" && module != "Products" && module != companies {
        return refuse(400, "INVALID_MODULE", "The module name given seems to be invalid");
    }
    let token = head
        .get("authorization")
        .strip_prefix("Zoho-oauthtoken ")
        .unwrap_or_default();
    if state.tokens.get(token).is_none_or(|until| Instant::now() >= *until) {
        return (401, error("INVALID_TOKEN", "invalid oauth token"));
    }
    let number: u64 = id.parse().unwrap_or(0);
    if number == 0 || state.missing.contains(&number) {
        return (400, error("INVALID_DATA", "the related id given seems to be invalid"));
    }
    let file = match file_of(head, body) {
        Ok(file) => file,
        Err(why) => return refuse(400, "INVALID_REQUEST", &why),
    };
    let decoded = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|e| e.to_string())
        .and_then(|reader| {
            use image::ImageFormat::{Bmp, Gif, Jpeg, Png};
            match reader.format() {
                Some(Bmp | Gif | Jpeg | Png) => {}
                other => return Err(format!("Invalid file type: {other:?}")),
            }
            let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
            if decoder.orientation().ok() != Some(image::metadata::Orientation::NoTransforms) {
                return Err("the photo is not upright".to_owned());
            }
            let (width, height) = decoder.dimensions();
            image::DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
            Ok(u64::from(width) * u64::from(height))
        });
    match decoded {
        Err(why) => refuse(400, "INVALID_DATA", &why),
        Ok(pixels) if pixels > state.max_pixels || file.len() > state.max_bytes => refuse(
            415,
            "FILE_SIZE_MORE_THAN_ALLOWED_SIZE",
            "please check if the file size is in the correct range",
        ),
        Ok(_) => {
            let (count, bytes) = state.photos.entry(record.to_owned()).or_default();
            *count += 1;
            *bytes = file.to_owned();
            (200, STORED.to_owned())
        }
    }
}

/// The one part named `file` with a file name and a type.
fn file_of<'a>(head: &Head, body: &'a [u8]) -> Result<&'a [u8], String> {
    let boundary = head
        .get("content-type")
        .strip_prefix("multipart/form-data; boundary=")
        .ok_or("not multipart/form-data")?;
    let open = format!("--{boundary}\r\n");
    let close = format!("\r\n--{boundary}--\r\n");
    let inside = body.strip_prefix(open.as_bytes()).ok_or("no opening boundary")?;
    let inside = inside.strip_suffix(close.as_bytes()).ok_or("no closing boundary")?;
    let end = inside
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .ok_or("no part headers")?;
    let headers = std::str::from_utf8(&inside[..end]).map_err(|e| e.to_string())?;
    let file = &inside[end + 4..];
    let marker = format!("--{boundary}");
    if file.windows(marker.len()).any(|w| w == marker.as_bytes()) {
        return Err("more than one part, or the boundary in the photo".to_owned());
    }
    let disposition = headers
        .lines()
        .find(|l| l.starts_with("Content-Disposition: form-data;"));
    let disposition = disposition.ok_or("no Content-Disposition")?;
    let typed = headers.lines().any(|l| l.starts_with("Content-Type: image/"));
    let named = disposition.contains("; name=\"file\"") && disposition.contains("; filename=\"photo.");
    if named && typed {
        Ok(file)
    } else {
        Err(format!("not the part file: {headers}"))
    }
}

/// What the accounts server says.
fn token(state: &mut State, head: &Head, body: &[u8]) -> (u16, String) {
    state.refreshes += 1;
    if let Some(fault) = state.token_faults.pop_front() {
        return fault;
    }
    let form: HashMap<&str, &str> = std::str::from_utf8(body)
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let is = |key: &str, value: &str| form.get(key) == Some(&value);
    if head.method != "POST" || head.get("content-type") != "application/x-www-form-urlencoded" {
        return (400, r#"{"error":"invalid_request"}"#.to_owned());
    }
    if !is("client_id", &state.client_id) || !is("client_secret", &state.client_secret) {
        return (200, r#"{"error":"invalid_client"}"#.to_owned());
    }
    if !is("grant_type", "refresh_token") || !is("refresh_token", &state.refresh_token) {
        return (200, r#"{"error":"invalid_code"}"#.to_owned());
    }
    if state.refreshes > 10 {
        let body = r#"{"error":"Access Denied","error_description":"You have made too many requests continuously."}"#;
        return (400, body.to_owned());
    }
    let token = format!("1000.access.{}", state.refreshes);
    state.tokens.insert(token.clone(), Instant::now() + state.life);
    let life = state.life.as_secs();
    let body = format!(
        r#"{{"access_token":"{token}","expires_in":{life},"api_domain":"https://www.zohoapis.com","token_type":"Bearer"}}"#
    );
    (200, body)
}
