//! Plain HTTP/1.1 on one connection that is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Http {
    address: String,
    stream: BufReader<TcpStream>,
    pub cookie: Option<String>,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Http {
    pub fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream), cookie: None })
    }

    /// On a connection of its own, as the same user.
    pub fn again(&self) -> std::io::Result<Self> {
        Ok(Self { cookie: self.cookie.clone(), ..Self::connect(&self.address)? })
    }

    pub fn get(&mut self, path: &str) -> std::io::Result<Answer> {
        self.ask("GET", path, "")
    }

    /// `json` is the body.
    pub fn post(&mut self, path: &str, json: &str) -> std::io::Result<Answer> {
        self.ask("POST", path, json)
    }

    /// A cookie that is set is kept.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let address = &self.address;
        let cookie = self.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n{cookie}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "set-cookie" => self.cookie = value.split(';').next().map(str::to_owned),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

impl Answer {
    /// # Panics
    /// Where it is another status.
    pub fn ok(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}
