//! As much of Redis' protocol (RESP2 and RESP3) as it takes to see where a frame ends and what it says.

/// The length of the frame that `bytes` begins with, once all of it is there.
pub fn frame_len(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|two| two == b"\r\n")?;
    let after = line + 2;
    let number = || std::str::from_utf8(&bytes[1..line]).expect("digits").parse::<i64>().expect("a length");
    let elements = match bytes[0] {
        b'$' | b'!' | b'=' => {
            let end = usize::try_from(number()).map_or(after, |length| after + length + 2);
            return (bytes.len() >= end).then_some(end);
        }
        b'*' | b'~' | b'>' => number(),
        b'%' | b'|' => 2 * number(),
        _ => 0,
    };
    let mut end = after;
    for _ in 0..elements {
        end += frame_len(bytes.get(end..).filter(|rest| !rest.is_empty())?)?;
    }
    Some(end)
}

/// The texts of an array or a push: a command and its arguments, or what kind of push it is and what it says.
pub fn texts(frame: &[u8]) -> Vec<&[u8]> {
    let mut texts = vec![];
    let mut rest = after_line(frame);
    while let Some(length) = frame_len(rest) {
        let (element, others) = rest.split_at(length);
        if element[0] == b'$' {
            texts.push(&after_line(element)[..after_line(element).len().saturating_sub(2)]);
        }
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    texts
}

fn after_line(frame: &[u8]) -> &[u8] {
    let line = frame.windows(2).position(|two| two == b"\r\n").expect("a whole frame");
    &frame[line + 2..]
}
