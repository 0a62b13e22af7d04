//! What landed in the Maildirs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Messages by mailbox, the mailbox named by its directory.
pub type Mailboxes = BTreeMap<String, Vec<Vec<u8>>>;

/// Every message delivered under `root`, without what the server put before it; empty mailboxes are left out.
pub fn read_all(root: &Path) -> Mailboxes {
    let mut mailboxes = Mailboxes::new();
    for file in files(root, "new") {
        let mailbox = file.ancestors().nth(2).and_then(Path::file_name).expect("a file in a Maildir");
        let message = fs::read(&file).expect("a delivered message can be read");
        let content = without_trace(&message).to_vec();
        mailboxes.entry(mailbox.to_string_lossy().into_owned()).or_default().push(content);
    }
    mailboxes.values_mut().for_each(|messages| messages.sort());
    mailboxes
}

/// The files in every Maildir's `part` (`new`, `tmp` or `cur`) under `root`.
pub fn files(root: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        let inside = directory.file_name().is_some_and(|name| name == part);
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(_) if inside => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The message as it was sent: behind the Return-Path and the Received field that the server puts on top.
pub fn without_trace(message: &[u8]) -> &[u8] {
    let message = without_field(message, b"return-path:");
    without_field(message, b"received:")
}

/// What the server put before the message, the lines of a folded field joined.
pub fn trace(message: &[u8]) -> String {
    let head = &message[..message.len() - without_trace(message).len()];
    String::from_utf8_lossy(head).replace("\r\n\t", " ")
}

/// `message` without its first header field, if that is `name`.
fn without_field<'m>(message: &'m [u8], name: &[u8]) -> &'m [u8] {
    if !message.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
        return message;
    }
    let mut rest = message;
    loop {
        let end = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
        // A line that starts with white space goes on with the field (RFC 5322 2.2.3).
        if !matches!(rest.first(), Some(b' ' | b'\t')) {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_one_return_path_and_one_received() {
        let message = b"Return-Path: <a@b>\r\nReceived: from x\r\n\tby y;\r\n now\r\nReceived: theirs\r\n\r\nx\r\n";
        assert_eq!(without_trace(message), b"Received: theirs\r\n\r\nx\r\n");
        assert_eq!(trace(message), "Return-Path: <a@b>\r\nReceived: from x by y;\r\n now\r\n");
        assert_eq!(without_trace(b"Subject: x\r\n\r\n"), b"Subject: x\r\n\r\n");
        assert_eq!(trace(b"Subject: x\r\n\r\n"), "");
    }
}
