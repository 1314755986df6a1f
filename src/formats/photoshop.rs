//! Photoshop's image resources, in which JPEG, TIFF and PNG carry IPTC (Adobe Photoshop file formats, "Image Resources").

/// How a resource begins.
const SIGNATURE: &[u8] = b"8BIM";

/// What stands before the resources in a segment of a JPEG.
pub(super) const HEADER: &[u8] = b"Photoshop 3.0\0";

/// Resources that are true of the source alone: thumbnails, copies of EXIF and XMP.
const OF_THE_SOURCE: &[u16] = &[0x0409, 0x040C, 0x0422, 0x0423, 0x0424];

/// The number of the resource that is an IPTC record.
const IPTC: u16 = 0x0404;

/// The resources that a new picture takes over; `None` if there are none. The second result tells whether a part could not
/// be read.
pub(super) fn for_new_picture(resources: &[u8]) -> (Option<Vec<u8>>, bool) {
    let mut out = Vec::new();
    let mut rest = resources;
    while let Some((number, whole, behind)) = resource(rest) {
        if !OF_THE_SOURCE.contains(&number) {
            out.extend_from_slice(whole);
        }
        rest = behind;
    }
    let unread = rest.iter().any(|&b| b != 0);
    ((!out.is_empty()).then_some(out), unread)
}

/// Whether there is an IPTC record among the resources.
pub(super) fn has_iptc(resources: &[u8]) -> bool {
    let mut rest = resources;
    while let Some((number, _, behind)) = resource(rest) {
        if number == IPTC {
            return true;
        }
        rest = behind;
    }
    false
}

/// The first resource: its number, all of it, and what stands behind it.
fn resource(data: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let body = data.strip_prefix(SIGNATURE)?;
    let number = u16::from_be_bytes(body.get(..2)?.try_into().ok()?);
    // A name with its length before it, and then the size of the data, both filled up to an even length.
    let name = (1 + usize::from(*body.get(2)?)).next_multiple_of(2);
    let size_at = 2 + name;
    let size = u32::from_be_bytes(body.get(size_at..size_at + 4)?.try_into().ok()?);
    let end = size_at.checked_add(4)?.checked_add(usize::try_from(size).ok()?)?;
    body.get(..end)?;
    // The last filling byte may be wanting.
    let end = (end.checked_add(size as usize % 2)?.min(body.len())) + SIGNATURE.len();
    let (whole, behind) = data.split_at_checked(end)?;
    Some((number, whole, behind))
}

/// An IPTC record as a resource.
pub(super) fn of_iptc(record: &[u8]) -> Option<Vec<u8>> {
    let size = u32::try_from(record.len()).ok()?;
    let mut out = SIGNATURE.to_vec();
    out.extend(IPTC.to_be_bytes());
    out.extend([0, 0]);
    out.extend(size.to_be_bytes());
    out.extend_from_slice(record);
    if record.len() % 2 == 1 {
        out.push(0);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_go_and_records_stay() {
        let record = of_iptc(b"\x1C\x02\x19\0\x03key").unwrap();
        let mut thumbnail = of_iptc(b"picture").unwrap();
        thumbnail[4..6].copy_from_slice(&0x040C_u16.to_be_bytes());
        let all = [thumbnail.clone(), record.clone(), thumbnail].concat();
        assert_eq!(for_new_picture(&all), (Some(record.clone()), false));
        assert!(for_new_picture(&[record.as_slice(), b"rest"].concat()).1);
        for end in 0..all.len() {
            let _ = for_new_picture(&all[..end]);
        }
    }
}
