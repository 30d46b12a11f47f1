//! Compressed bodies, honest ones and bombs.

use std::io::Write;

use brotli::CompressorWriter;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

const MEBIBYTE: usize = 1024 * 1024;

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn brotli(body: &[u8]) -> Vec<u8> {
    let mut encoder = CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoder.write_all(body).unwrap();
    encoder.into_inner()
}

/// `start`, so many mebibytes of filling, and `end`, without ever holding them: a valid gzip file.
pub(super) fn gzip_bomb(start: &[u8], mebibytes: usize, end: &[u8]) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut deflated = |bytes: &[u8], flush| {
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        let status = deflate.compress_vec(bytes, &mut out, flush).unwrap();
        assert_ne!(status, Status::BufError);
        out
    };
    let filling = vec![b'x'; MEBIBYTE];
    // After a full flush nothing refers back, so the same bytes may follow each other as often as one likes.
    let start_deflated = deflated(start, FlushCompress::Full);
    let filling_deflated = deflated(&filling, FlushCompress::Full);
    let end_deflated = deflated(end, FlushCompress::Finish);
    let (mut crc, mut filling_crc, mut end_crc) = (Crc::new(), Crc::new(), Crc::new());
    crc.update(start);
    filling_crc.update(&filling);
    end_crc.update(end);
    (0..mebibytes).for_each(|_| crc.combine(&filling_crc));
    crc.combine(&end_crc);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let tail = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    [&head[..], &start_deflated, &filling_deflated.repeat(mebibytes), &end_deflated, &tail].concat()
}

/// The same as a valid brotli stream.
pub(super) fn brotli_bomb(start: &[u8], mebibytes: usize, end: &[u8]) -> Vec<u8> {
    let mut encoder = CompressorWriter::new(Vec::new(), 4096, 1, 18);
    let filling = vec![b'x'; MEBIBYTE];
    let mut marks = Vec::new();
    for bytes in [start, &filling, &filling, &filling] {
        encoder.write_all(bytes).unwrap();
        encoder.flush().unwrap();
        marks.push(encoder.get_ref().len());
    }
    encoder.write_all(end).unwrap();
    let whole = encoder.into_inner();
    let (second, third) = (&whole[marks[1]..marks[2]], &whole[marks[2]..marks[3]]);
    // What the encoder writes has become the same each time: it may be written as often as one likes.
    assert_eq!(second, third);
    [&whole[..marks[2]], &third.repeat(mebibytes - 2), &whole[marks[3]..]].concat()
}
