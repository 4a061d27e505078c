package attack

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// forge makes what no honest caller sends, frame by frame.
type forge struct {
	bytes.Buffer
	*http2.Framer

	random *rand.Rand
	// token is a good one, empty where a service is spoken to, which then refuses.
	token string
}

func newForge(random *rand.Rand, token string) *forge {
	f := &forge{random: random, token: token}
	f.Framer = http2.NewFramer(&f.Buffer, nil)
	f.AllowIllegalWrites = true
	return f
}

// frame writes one as it is told, right or wrong.
func (f *forge) frame(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) {
	_ = f.WriteRawFrame(kind, flags, stream, payload)
}

// lying writes the head of a frame that is said to be so long, and less of it.
func (f *forge) lying(kind http2.FrameType, said uint32, payload []byte) {
	f.Write([]byte{byte(said >> 16), byte(said >> 8), byte(said), byte(kind), 0, 0, 0, 0, 1})
	f.Write(payload)
}

// noise is random bytes.
func (f *forge) noise(most int) []byte {
	some := make([]byte, f.random.IntN(most)+1)
	for i := range some {
		some[i] = byte(f.random.Uint32())
	}
	return some
}

type fields [][2]string

// call are the headers of a good call.
func (f *forge) call() fields {
	good := fields{
		{":method", "POST"},
		{":scheme", "http"},
		{":path", concernv1.ConcernService_SubmitConcern_FullMethodName},
		{":authority", "koppi"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
	}
	if f.token != "" {
		good = append(good, [2]string{"authorization", "Bearer " + f.token})
	}
	return good
}

// with sets a header anew, or adds it.
func (h fields) with(name, value string) fields {
	changed := slices.Clone(h)
	if at := slices.IndexFunc(changed, func(one [2]string) bool { return one[0] == name }); at >= 0 {
		changed[at][1] = value
		return changed
	}
	return append(changed, [2]string{name, value})
}

func (h fields) without(name string) fields {
	return slices.DeleteFunc(slices.Clone(h), func(one [2]string) bool { return one[0] == name })
}

// packed is a block of headers.
func packed(headers fields) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, one := range headers {
		_ = encoder.WriteField(hpack.HeaderField{Name: one[0], Value: one[1]})
	}
	return block.Bytes()
}

// open begins a call on a stream.
func (f *forge) open(stream uint32, headers fields) {
	f.frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, stream, packed(headers))
}

// block is a call whose headers are this block, whatever it holds.
func (f *forge) block(block []byte) {
	f.frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream, 1, block)
}

// asks makes a call of these headers, and sends this as its body.
func (f *forge) asks(headers fields, body []byte) {
	f.open(1, headers)
	for len(body) > maxFrame {
		f.frame(http2.FrameData, 0, 1, body[:maxFrame])
		body = body[maxFrame:]
	}
	f.frame(http2.FrameData, http2.FlagDataEndStream, 1, body)
}

// maxFrame is the longest that may be sent to who has not said more.
const maxFrame = 16 << 10

// prefixed is a message as gRPC frames it, said to be so long.
func prefixed(flag byte, said uint32, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, said), body...)
}

func setting(id http2.SettingID, value uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(id)), value)
}

func increment(by uint32) []byte { return binary.BigEndian.AppendUint32(nil, by) }

// flooded is how often a flood says the same.
const flooded = 200

// each writes the same for many streams.
func (f *forge) each(write func(stream uint32)) {
	for i := range uint32(flooded) {
		write(2*i + 1)
	}
}

// hpackBomb is a long header that is then named again and again, by a byte each time.
func hpackBomb(headers fields) []byte {
	long := append(packed(headers), 0x40, 1, 'x', 0x7f, 0xa1, 0x1e)
	long = append(long, bytes.Repeat([]byte("a"), 127+33+30*128)...)
	return append(long, bytes.Repeat([]byte{0xbe}, maxFrame-len(long))...)
}

// most is the largest window there is.
const most = math.MaxInt32
