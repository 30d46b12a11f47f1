//! Settings that are secret: in a file that is read again when it changes, or, for development, in the value.

use std::sync::Arc;

use super::Section;
use crate::config::reader::Effective;
use crate::config::secret::{Secret, SecretForm};

#[expect(clippy::multiple_inherent_impl, reason = "where a secret may stand is an idea of its own")]
impl Section<'_, '_> {
    /// A secret under `name_file` (a path) or `name` (the value itself), never both.
    pub(in crate::config) fn secret(
        &mut self,
        name: &str,
        form: SecretForm,
        doc: &'static str,
    ) -> Option<Arc<Secret>> {
        let file_name = format!("{name}_file");
        let inline_key = self.key(name);
        let inline = self.reader.take(&inline_key);
        let file = self.secret_file(&file_name, form, doc);
        let Some(entry) = inline else { return file };
        if file.is_some() {
            let message = format!("both `{name}` and `{file_name}` are set; keep one");
            self.reader.refuse(&inline_key, &entry.source, message);
            return file;
        }
        let made = entry.value.as_str().map(|value| Secret::from_value(&inline_key, value, form));
        match made {
            Some(Ok(secret)) => Some(self.keep(secret, &inline_key, &entry.source)),
            Some(Err(error)) => {
                self.reader.refuse(&inline_key, &entry.source, error.to_string());
                None
            }
            None => {
                self.reader.refuse(&inline_key, &entry.source, "a secret is a text");
                None
            }
        }
    }

    /// Like [`Self::secret`], but later changes of the file have no effect.
    pub(in crate::config) fn secret_read_once(
        &mut self,
        name: &str,
        form: SecretForm,
        doc: &'static str,
    ) -> Option<Arc<Secret>> {
        let secret = self.secret(name, form, doc)?;
        self.reader.secrets.retain(|watched| watched.key() != secret.key());
        Some(secret)
    }

    /// A file whose content is read now and again whenever it changes.
    pub(in crate::config) fn secret_file(
        &mut self,
        name: &str,
        form: SecretForm,
        doc: &'static str,
    ) -> Option<Arc<Secret>> {
        let key = self.key(name);
        let source = self.reader.entries.0.get(&key).map(|entry| entry.source.clone()).unwrap_or_default();
        let path = self.path(name, form.describe(), doc)?;
        match Secret::from_file(&key, &path, form) {
            Ok(secret) => {
                let secret = Arc::new(secret);
                self.reader.secrets.push(Arc::clone(&secret));
                Some(secret)
            }
            Err(error) => {
                self.reader.refuse(&key, &source, error.to_string());
                None
            }
        }
    }

    fn keep(&mut self, secret: Secret, key: &str, source: &str) -> Arc<Secret> {
        let from_environment = self.reader.entries.0.get(key).is_some_and(|entry| entry.from_environment);
        self.reader.effective.push(Effective {
            key: key.to_owned(),
            form: "the value itself, for development".to_owned(),
            default: String::new(),
            doc: "",
            value: "(set)".to_owned(),
            source: source.to_owned(),
            from_environment,
        });
        Arc::new(secret)
    }
}
