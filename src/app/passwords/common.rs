//! Passwords that are guessed first.

use crate::base::folding::compatible;
use crate::wire::refusal::{Code, Refusal};

/// Whoever tries the likeliest passwords one after another has tried so many before one that is good enough.
const GUESSES: u64 = 100_000;
/// The rest of a long one is not looked at: it takes more guesses than that, and the estimate takes the longer.
const MAX_CHARS: usize = 64;

/// Refuses a password that is guessed early (one that many people use, a sequence, a repetition), by the estimate of zxcvbn,
/// or that is the username, in whatever case.
///
/// # Errors
/// `invalid`, with the reason `common`.
pub fn refuse_common(password: &str, username: &str) -> Result<(), Refusal> {
    let password: String = compatible(password).trim().chars().take(MAX_CHARS).collect();
    let is_username = password.eq_ignore_ascii_case(username);
    if is_username || password.is_empty() || zxcvbn::zxcvbn(&password, &[username]).guesses() < GUESSES {
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
