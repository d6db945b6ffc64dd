//! Passwords that are guessed first.

use std::sync::LazyLock;

use crate::wire::refusal::{Code, Refusal};

/// Those of at least eight characters among the 20,000 commonest that Django refuses (django/contrib/auth/
/// common-passwords.txt.gz of Django 5.2, made from Royce Williams's list of leaked passwords), in lower case and sorted.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Refuses a password that many people use, or that is the username, in whatever case.
///
/// # Errors
/// `invalid`, with the reason `common`.
pub fn refuse_common(password: &str, username: &str) -> Result<(), Refusal> {
    let lower = password.trim().to_lowercase();
    if lower == username.to_lowercase() || lower.is_empty() || COMMON.binary_search(&lower.as_str()).is_ok() {
        let refusal = Refusal::new(Code::Invalid, "password: this one is easy to guess, take another");
        return Err(Refusal { reason: Some("common"), ..refusal });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_all_of_it_is_refused() {
        assert!(COMMON.is_sorted() && COMMON.len() > 8_000);
        for password in COMMON.iter() {
            assert_eq!(refuse_common(password, "ann").unwrap_err().reason, Some("common"), "{password}");
        }
    }

    #[test]
    fn the_username_and_nothing_but_spaces_are_refused_in_whatever_case() {
        for password in ["PassWord", " password ", "ANN-OF-AVON", "ann-of-avon", "        "] {
            assert!(refuse_common(password, "Ann-of-Avon").is_err(), "{password}");
        }
        for password in ["correct horse battery", "ann-of-avon-1", "password-of-ann", "🦀🦀🦀🦀🦀🦀🦀🦀"]
        {
            refuse_common(password, "Ann-of-Avon").unwrap();
        }
    }
}
