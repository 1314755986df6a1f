//! The body of a request: a form with the one part `file`, built once and sent as often as it takes.

use bytes::Bytes;
use memchr::memmem;

use crate::formats::Format;

/// A finished form.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// The whole body. Clones share its memory.
    pub(super) body: Bytes,
    /// The value of `Content-Type`.
    pub(super) content_type: String,
}

impl Form {
    /// The form that holds `photo`.
    pub(super) fn new(photo: &[u8], format: Format) -> Self {
        let boundary = boundary(photo);
        let (mime, extension) = (format.media_type(), format.extension());
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo.{extension}\"\r\n\
             Content-Type: {mime}\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let mut body = Vec::with_capacity(head.len() + photo.len() + tail.len());
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(photo);
        body.extend_from_slice(tail.as_bytes());
        Self {
            body: body.into(),
            content_type: format!("multipart/form-data; boundary={boundary}"),
        }
    }
}

/// A boundary that the photo does not contain.
fn boundary(photo: &[u8]) -> String {
    let candidates = (0..=u32::MAX).map(|n| format!("photofit-photo-{n:08x}"));
    let free = |candidate: &String| memmem::find(photo, candidate.as_bytes()).is_none();
    // A photo that contains them all has 98 GB.
    candidates.into_iter().find(free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_never_lies_in_the_photo() {
        let photo = b"\xff\xd8 --photofit-photo-00000000 photofit-photo-00000001 \xff\xd9";
        let form = Form::new(photo, Format::Jpeg);
        assert!(form.content_type.ends_with("photofit-photo-00000002"));
        let head = "--photofit-photo-00000002\r\nContent-Disposition: form-data; name=\"file\"; \
                    filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n";
        let expected = [head.as_bytes(), photo, b"\r\n--photofit-photo-00000002--\r\n"].concat();
        assert_eq!(form.body, expected);
    }
}
