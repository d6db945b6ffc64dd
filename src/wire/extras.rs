//! What features add to a user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// By the name of what is added, such as `status`, an object; its `until`, where it has one, is when it ends (RFC 3339).
///
/// Most people have none: then it is one word of memory and nothing on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras(Option<Box<Map<String, Value>>>);

impl Extras {
    /// Of what is stored, that which is there now.
    pub fn current(stored: Map<String, Value>, now: DateTime<Utc>) -> Self {
        stored.into_iter().filter(|(_, extra)| is_current(extra, now)).collect::<Map<_, _>>().into()
    }

    /// With one more, which is a word.
    pub fn with(self, name: &str, word: &str) -> Self {
        let mut extras = self.0.unwrap_or_default();
        extras.insert(name.to_owned(), Value::String(word.to_owned()));
        Self(Some(extras))
    }
}

/// Whether an extra is there: one that was cleared is null.
pub fn is_current(extra: &Value, now: DateTime<Utc>) -> bool {
    let until = extra["until"].as_str().and_then(|until| DateTime::parse_from_rfc3339(until).ok());
    !extra.is_null() && until.is_none_or(|until| until > now)
}

impl From<Map<String, Value>> for Extras {
    fn from(extras: Map<String, Value>) -> Self {
        Self((!extras.is_empty()).then(|| Box::new(extras)))
    }
}

impl Serialize for Extras {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().flat_map(|extras| extras.iter()))
    }
}

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut extras = Map::deserialize(from)?;
        // A newer instance's users may have fields that are no extras.
        extras.retain(|_, extra| extra.is_object());
        Ok(extras.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::User;

    #[test]
    fn extras_stand_beside_the_names_until_they_end() {
        let stored = json!({
            "lasting": { "text": "x" },
            "ending": { "until": "2026-01-01T00:00:01Z" },
            "cleared": null,
        });
        let Value::Object(stored) = stored else { unreachable!() };
        let user = |now: &str| {
            let extras = Extras::current(stored.clone(), now.parse().unwrap());
            User { id: 1, username: "ann".into(), display_name: "Ann".into(), extras }
        };
        let (before, after) = (user("2026-01-01T00:00:00Z"), user("2026-01-01T00:00:01Z"));
        assert_eq!(json!(before)["ending"]["until"], "2026-01-01T00:00:01Z");
        assert_eq!(
            json!(after),
            json!({ "id": 1, "username": "ann", "display_name": "Ann", "lasting": { "text": "x" } })
        );
        assert_eq!(serde_json::from_value::<User>(json!(before)).unwrap(), before);
        let none = User { extras: Extras::default(), ..after };
        assert_eq!(serde_json::from_value::<User>(json!(none)).unwrap(), none);
    }
}
