// Audio that is made here: silence.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPES = { '.m3u8': 'application/vnd.apple.mpegurl', '.mp3': 'audio/mpeg' };
const RATE = 48_000;
const FRAME = 4; // two channels of 16 bits

// So many bytes are a second. Much, so that a player cannot hold much ahead.
export const BYTES_A_SECOND = RATE * FRAME;
export const EPISODE_SECONDS = 300;
export const STREAM_SECONDS = 60;
export const SEGMENT_SECONDS = 2;

// The largest part that an answer has, as with object stores that cap ranges. A player has to ask for the next part
// when it needs it, so that its cookies are looked at all the time.
const LARGEST_PART = 256 * 1024;

// The origin behind the edge: an episode of five minutes by parts, and the files of `folder` below /podcasts/stream/.
export function episodeOrigin(folder) {
  const header = wavHeader();
  const size = header.length + EPISODE_SECONDS * BYTES_A_SECOND;
  return ({ url, headers, method }, response) => {
    const file = /^\/podcasts\/stream\/([a-z0-9.-]+)$/.exec(url)?.[1];
    if (file) return response.writeHead(200, { 'Content-Type': TYPES[extname(file)] }).end(readFileSync(join(folder, file)));
    if (url !== '/podcasts/episode.wav') return response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? 'bytes=0-');
    const first = Math.min(Number(from), size - 1);
    const last = Math.min(to === '' ? Infinity : Number(to), first + LARGEST_PART - 1, size - 1);
    const body = Buffer.alloc(last - first + 1);
    if (first < header.length) header.copy(body, 0, first);
    response.writeHead(206, {
      'Content-Type': 'audio/wav', 'Content-Length': body.length, 'Content-Range': `bytes ${first}-${last}/${size}`,
      'Accept-Ranges': 'bytes', ETag: '"1"', 'Cache-Control': 'no-store',
    });
    return response.end(method === 'HEAD' ? undefined : body);
  };
}

function wavHeader() {
  const size = EPISODE_SECONDS * BYTES_A_SECOND;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + size, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(BYTES_A_SECOND, 28);
  header.writeUInt16LE(FRAME, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(size, 40);
  return header;
}

// One frame of MPEG-1 Layer III, 128 kbit/s, 48 kHz, stereo: its side information says that all 576 lines of each
// granule are zero, so 1152 samples of silence (ISO/IEC 11172-3 §2.4.1).
function silentFrame() {
  const frame = Buffer.alloc(384);
  frame.writeUInt32BE(0xfffb9400, 0);
  return frame;
}

// An HLS stream of packed MP3 segments (RFC 8216 §3.4): each begins with an ID3 tag that holds its time.
export function writeStream(folder) {
  mkdirSync(folder, { recursive: true });
  const framesInAll = Math.round((STREAM_SECONDS * RATE) / 1152);
  const framesEach = Math.round((SEGMENT_SECONDS * RATE) / 1152);
  const lines = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS + 1}`, '#EXT-X-PLAYLIST-TYPE:VOD'];
  for (let first = 0, number = 0; first < framesInAll; first += framesEach, number += 1) {
    const count = Math.min(framesEach, framesInAll - first);
    const name = `segment-${String(number).padStart(3, '0')}.mp3`;
    const frames = Array.from({ length: count }, silentFrame);
    writeFileSync(join(folder, name), Buffer.concat([timestamp(first), ...frames]));
    lines.push(`#EXTINF:${((count * 1152) / RATE).toFixed(5)},`, name);
  }
  lines.push('#EXT-X-ENDLIST', '');
  writeFileSync(join(folder, 'index.m3u8'), lines.join('\n'));
}

// ID3v2.4 with one PRIV frame: the presentation time of the first sample, in ticks of 90 kHz.
function timestamp(frame) {
  const owner = Buffer.from('com.apple.streaming.transportStreamTimestamp\0', 'latin1');
  const ticks = Buffer.alloc(8);
  ticks.writeBigUInt64BE(BigInt(Math.round((frame * 1152 * 90_000) / RATE)));
  const content = Buffer.concat([owner, ticks]);
  const synchsafe = (size) => Buffer.from([21, 14, 7, 0].map((shift) => (size >> shift) & 0x7f));
  const priv = Buffer.concat([Buffer.from('PRIV'), synchsafe(content.length), Buffer.alloc(2), content]);
  return Buffer.concat([Buffer.from('ID3\x04\0\0', 'latin1'), synchsafe(priv.length), priv]);
}
