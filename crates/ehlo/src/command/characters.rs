//! The classes of characters in the grammar. `utf8` adds what RFC 6531 3.3 adds: any character over 127; that a line is valid UTF-8
//! is checked before it is parsed.

pub(crate) const ATEXT: u8 = 1;
pub(crate) const QTEXT: u8 = 1 << 1;
pub(crate) const LET_DIG: u8 = 1 << 2;
pub(crate) const HYPHEN: u8 = 1 << 3;
pub(crate) const DCONTENT: u8 = 1 << 4;
pub(crate) const ESMTP_VALUE: u8 = 1 << 5;
pub(crate) const UNDERSCORE: u8 = 1 << 6;
pub(crate) const UTF8: u8 = 1 << 7;

/// For how many octets there are classes in the table: all, so that no look-up has to be checked; on a small processor, ASCII.
const KNOWN: usize = if cfg!(target_pointer_width = "64") { 256 } else { 128 };

/// The classes of each octet, a bit a class. (A look-up took half as long as comparing with the bounds of `atext`.)
static CLASSES: [u8; KNOWN] = {
    let mut classes = [0; KNOWN];
    let mut rest: &mut [u8] = &mut classes;
    let mut octet = 0_u8;
    while let Some((class, after)) = rest.split_first_mut() {
        *class = classes_of(octet);
        octet = octet.wrapping_add(1);
        rest = after;
    }
    classes
};

const fn classes_of(octet: u8) -> u8 {
    let mut classes = match octet {
        128.. => UTF8,
        b'-' => HYPHEN,
        b'_' => UNDERSCORE,
        _ => 0,
    };
    // RFC 5322 3.2.3.
    if octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?')
        || matches!(octet, b'^' | b'_' | b'`' | b'{' | b'|' | b'}' | b'~')
    {
        classes |= ATEXT;
    }
    // RFC 5321 4.1.2: qtextSMTP.
    if matches!(octet, 32..=33 | 35..=91 | 93..=126) {
        classes |= QTEXT;
    }
    if octet.is_ascii_alphanumeric() {
        classes |= LET_DIG;
    }
    // RFC 5321 4.1.3.
    if matches!(octet, 33..=90 | 94..=126) {
        classes |= DCONTENT;
    }
    // RFC 5321 4.1.2.
    if matches!(octet, 33..=60 | 62..=126) {
        classes |= ESMTP_VALUE;
    }
    classes
}

/// Whether an octet is of one of these classes.
#[inline]
pub(crate) fn is_of(octet: u8, classes: u8) -> bool {
    CLASSES.get(usize::from(octet)).unwrap_or(&UTF8) & classes != 0
}

/// The classes, and octets over 127 where they are let in.
#[inline]
pub(crate) const fn with_utf8(classes: u8, utf8: bool) -> u8 {
    if utf8 { classes | UTF8 } else { classes }
}

/// How many octets of these classes stand at the start.
pub(crate) fn run(input: &[u8], classes: u8) -> usize {
    let mut run = 0_usize;
    while let Some(octet) = input.get(run)
        && is_of(*octet, classes)
    {
        run = run.wrapping_add(1);
    }
    run
}

/// The octets of these classes at the start, at least one, and what is behind them.
pub(crate) fn split_run(input: &[u8], classes: u8) -> Option<(&[u8], &[u8])> {
    input.split_at_checked(run(input, classes)).filter(|(run, _)| !run.is_empty())
}

/// Whether a text is printable ASCII and nothing else.
#[inline]
pub(crate) fn is_printable(text: &[u8]) -> bool {
    printable_run(text) == text.len()
}

/// How many printable ASCII characters stand at the start: eight at a time, the last eight whether or not some of them were looked at.
#[cfg(target_pointer_width = "64")]
#[inline]
pub(crate) fn printable_run(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let mut run = 0_usize;
    for word in words {
        let other = unprintable(*word);
        if other != 0 {
            return run.wrapping_add((other.trailing_zeros() / 8) as usize);
        }
        run = run.wrapping_add(8);
    }
    match text.last_chunk() {
        _ if rest.is_empty() => run,
        Some(word) => {
            let printable = (unprintable(*word).trailing_zeros() / 8) as usize;
            text.len().wrapping_sub(8).wrapping_add(printable)
        }
        None => one_by_one(text),
    }
}

/// The highest bit of the first of eight characters that is not printable ASCII, and perhaps bits of some behind it.
#[cfg(target_pointer_width = "64")]
#[inline]
const fn unprintable(eight: [u8; 8]) -> u64 {
    const ONE: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(eight);
    // Below a space there is a borrow, behind `~` a carry into the highest bit. Either goes on to the next character only from one that is
    // found already.
    (word | word.wrapping_sub(ONE.wrapping_mul(b' ' as u64)) | word.wrapping_add(ONE)) & ONE.wrapping_mul(0x80)
}

/// How many printable ASCII characters stand at the start. (A small processor has less room for code.)
#[cfg(not(target_pointer_width = "64"))]
pub(crate) fn printable_run(text: &[u8]) -> usize {
    one_by_one(text)
}

fn one_by_one(text: &[u8]) -> usize {
    text.iter().position(|octet| !matches!(octet, b' '..=b'~')).unwrap_or(text.len())
}

/// Whether both are the same word, in any case. (Not inlined: there are some fifty of these, of 60 octets each on a Cortex-M3.)
#[inline(never)]
pub(crate) fn same_word(one: &[u8], other: &[u8]) -> bool {
    // Most are written as they are known, which is soon seen.
    (cfg!(target_pointer_width = "64") && one == other) || one.eq_ignore_ascii_case(other)
}

/// Where the first octet like this one is; the length where there is none.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn end_before(octets: &[u8], separator: u8) -> usize {
    octets.iter().position(|octet| *octet == separator).unwrap_or(octets.len())
}

/// Whether an octet like this one is among them.
pub(crate) fn holds(octets: &[u8], octet: u8) -> bool {
    end_before(octets, octet) < octets.len()
}

/// Whether all of them are ASCII. (What is asked for is rare and short: the library's way is more code.)
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn is_ascii(octets: &[u8]) -> bool {
    octets.iter().all(u8::is_ascii)
}

/// Takes what stands before the first octet like this one off the front, and that octet too; `None` once there is nothing left. What is
/// parted by so many octets has one part more.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn next_part<'l>(rest: &mut Option<&'l [u8]>, separator: u8) -> Option<&'l [u8]> {
    let octets = (*rest)?;
    let (part, behind) = octets.split_at_checked(end_before(octets, separator))?;
    *rest = behind.split_first().map(|(_, behind)| behind);
    Some(part)
}

/// Which word of a list it is, in any case, counted from 0. A space parts the words.
pub(crate) fn word_in(word: &[u8], list: &[u8]) -> Option<usize> {
    let mut list = Some(list);
    let mut at = 0_usize;
    while let Some(known) = next_part(&mut list, b' ') {
        if same_word(word, known) {
            return Some(at);
        }
        at = at.wrapping_add(1);
    }
    None
}

/// A list of words as above, made for being looked up in: those of up to eight characters are numbers in it. (By the list alone a
/// parameter of MAIL took some 300 instructions. A small processor has less room for code.)
pub(crate) struct Words {
    list: &'static str,
    #[cfg(target_pointer_width = "64")]
    keys: &'static [u64],
}

impl Words {
    #[cfg(target_pointer_width = "64")]
    pub(crate) const fn new(list: &'static str, keys: &'static [u64]) -> Self {
        Self { list, keys }
    }

    #[cfg(not(target_pointer_width = "64"))]
    pub(crate) const fn new(list: &'static str, _: &'static [u64]) -> Self {
        Self { list }
    }

    /// Which word it is, in any case, counted from 0; it must be printable.
    #[inline]
    pub(crate) fn find(&self, word: &[u8]) -> Option<usize> {
        #[cfg(target_pointer_width = "64")]
        if word.len() <= 8 {
            let word = key_of(word);
            return self.keys.iter().position(|key| *key == word);
        }
        word_in(word, self.list.as_bytes())
    }
}

/// What is made of a list of so many words when the core is compiled.
macro_rules! words {
    ($count:expr, $list:expr) => {
        $crate::command::characters::Words::new(
            $list,
            &const { $crate::command::characters::keys_of::<{ $count }>($list) },
        )
    };
}
pub(crate) use words;

/// Up to eight characters as a number, in any case; 0 for more of them. Clearing one bit makes capitals of letters, and of any other
/// printable character what is none.
const fn key_of(mut word: &[u8]) -> u64 {
    let mut key = 0_u64;
    if word.len() <= 8 {
        while let [octet, rest @ ..] = word {
            key = key << 8 | (*octet & 0xdf) as u64;
            word = rest;
        }
    }
    key
}

/// The words of a list as numbers.
pub(crate) const fn keys_of<const N: usize>(list: &str) -> [u64; N] {
    let mut keys = [0; N];
    let mut places: &mut [u64] = &mut keys;
    let mut rest = list.as_bytes();
    while let Some((place, places_after)) = places.split_first_mut() {
        let mut length = 0_usize;
        let mut behind = rest;
        while let [octet, after @ ..] = behind {
            behind = after;
            if *octet == b' ' {
                break;
            }
            length = length.wrapping_add(1);
        }
        if let Some((word, _)) = rest.split_at_checked(length) {
            *place = key_of(word);
        }
        (places, rest) = (places_after, behind);
    }
    keys
}

/// What stands before and behind the first octet like this one; `None` where there is none.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn split_at_octet(octets: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = octets.split_at_checked(end_before(octets, separator))?;
    Some((before, behind.split_first()?.1))
}

/// What follows an octet; `None` where it does not stand at the start.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn strip_octet(input: &[u8], octet: u8) -> Option<&[u8]> {
    let (first, rest) = input.split_first()?;
    (*first == octet).then_some(rest)
}

/// What follows a keyword in any case; `None` where it does not stand at the start.
pub(crate) fn strip_keyword<'l>(input: &'l [u8], keyword: &[u8]) -> Option<&'l [u8]> {
    let (start, rest) = input.split_at_checked(keyword.len())?;
    same_word(start, keyword).then_some(rest)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn what_is_printable_is_told_wherever_it_stands() {
        for other in (0..=255).filter(|octet| !matches!(octet, b' '..=b'~')) {
            for at in 0..20 {
                let mut text = std::vec![b' '; 20];
                text[10..].fill(b'~');
                assert!(is_printable(&text));
                text[at] = other;
                assert_eq!(printable_run(&text), at, "{other}");
            }
        }
    }
}
