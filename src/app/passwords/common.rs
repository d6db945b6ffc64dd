//! Passwords that are guessed first.

use crate::base::folding::compatible;
use crate::wire::refusal::{Code, Refusal};

/// Whoever tries the likeliest passwords one after another has tried so many before one that is good enough. What zxcvbn
/// takes for two words or more takes at least so many.
const GUESSES: u64 = 10_000;
/// A longer one is not looked at: the estimate would take the longer.
const MAX_CHARS: usize = 64;

/// Refuses a password that is guessed early (one that many people use, a sequence, a repetition), by the estimate of zxcvbn,
/// or that is the username, in whatever case.
///
/// # Errors
/// `invalid`, with the reason `common`.
pub fn refuse_common(password: &str, username: &str) -> Result<(), Refusal> {
    let password = compatible(password);
    let password = password.trim();
    let is_username = password.eq_ignore_ascii_case(username);
    // Its dictionaries have nothing beyond ASCII.
    let is_rated = password.is_ascii() && password.len() <= MAX_CHARS;
    let is_early = || is_rated && zxcvbn::zxcvbn(password, &[username]).guesses() < GUESSES;
    if is_username || password.is_empty() || is_early() {
        let refusal = Refusal::new(Code::Invalid, "password: this one is easy to guess, take another");
        return Err(Refusal { reason: Some("common"), ..refusal });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_and_nothing_else() {
        for password in [
            "password",
            "PassWord",
            " password ",
            "password1",
            "12345678",
            "87654321",
            "qwertyuiop",
            "1q2w3e4r",
            "iloveyou",
            "aaaaaaaa",
            "abcdefgh",
            "        ",
            "ANN-OF-AVON",
            "ann-of-avon",
            "ｐａｓｓｗｏｒｄ",
        ] {
            let refused = refuse_common(password, "Ann-of-Avon");
            assert_eq!(refused.unwrap_err().reason, Some("common"), "{password}");
        }
        for password in [
            "correct horse",
            "ann's second cat",
            "Tr0ub4dor&3",
            "пароль-для-анны",
            "xq7-mmwz",
            &"a long one ".repeat(23),
        ] {
            assert!(refuse_common(password, "ann").is_ok(), "{password}");
        }
    }
}
