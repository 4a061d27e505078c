package attack

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"golang.org/x/net/http2"

	"koppi.internal/deploy/testkit"
)

// after is what an attacker does when it has sent what it sends.
type after int

const (
	// leaves says no more, and waits until it is cut.
	leaves after = iota
	// waits for the answer first.
	waits
	// deaf takes no answers, and is gone.
	deaf
)

// attack is a way of breaking a protocol.
type attack struct {
	then after
	make func(f *forge)
}

// brokenHTTP2 are frames that are wrong, in themselves or where they stand, and floods of
// right ones.
var brokenHTTP2 = map[string]attack{
	// Lengths and kinds.
	"a frame too long": {leaves, func(f *forge) { f.lying(http2.FrameData, 1<<24-1, f.noise(maxFrame)) }},
	"headers too long": {leaves, func(f *forge) { f.lying(http2.FrameHeaders, 1<<20, f.noise(maxFrame)) }},
	"a frame cut":      {leaves, func(f *forge) { f.lying(http2.FrameHeaders, 1000, f.noise(900)) }},
	"a head cut":       {leaves, func(f *forge) { f.Write(f.noise(8)) }},
	"kinds that are not": {leaves, func(f *forge) {
		f.each(func(s uint32) { f.frame(http2.FrameType(10+f.random.IntN(246)), 0xff, s, f.noise(64)) })
	}},
	"any frames":            {leaves, func(f *forge) { f.each(func(uint32) { f.anything() }) }},
	"noise":                 {leaves, func(f *forge) { f.Write(f.noise(4 << 10)) }},
	"a whole call, changed": {leaves, func(f *forge) { f.changed() }},
	"a push by the client": {leaves, func(f *forge) {
		f.frame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, append(increment(2), packed(f.call())...))
	}},
	"a farewell, and on":   {leaves, func(f *forge) { f.frame(http2.FrameGoAway, 0, 0, f.noise(64)); f.open(1, f.call()) }},
	"ranks that are wrong": {leaves, func(f *forge) { f.frame(http2.FramePriority, 0, 1, f.noise(12)) }},
	"a flood of ranks": {leaves, func(f *forge) {
		f.each(func(s uint32) { f.frame(http2.FramePriority, 0, s, append(increment(s+2), 1)) })
	}},
	"a rank below itself":     {leaves, func(f *forge) { f.frame(http2.FramePriority, 0, 1, append(increment(1), 1)) }},
	"an upgrade that is none": {leaves, func(f *forge) { f.WriteString("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n") }},

	// Settings and pings.
	"settings of half a setting": {leaves, func(f *forge) { f.frame(http2.FrameSettings, 0, 0, f.noise(5)) }},
	"settings of a stream":       {leaves, func(f *forge) { f.frame(http2.FrameSettings, 0, 1, setting(http2.SettingMaxFrameSize, maxFrame)) }},
	"settings that say yes": {leaves, func(f *forge) {
		f.frame(http2.FrameSettings, http2.FlagSettingsAck, 0, setting(http2.SettingEnablePush, 1))
	}},
	"settings out of range": {leaves, func(f *forge) {
		f.frame(http2.FrameSettings, 0, 0, setting(http2.SettingID(f.random.IntN(7)), math.MaxUint32-f.random.Uint32N(100)))
	}},
	"a flood of settings": {leaves, func(f *forge) {
		f.each(func(uint32) {
			f.frame(http2.FrameSettings, 0, 0, setting(http2.SettingHeaderTableSize, f.random.Uint32()))
		})
	}},
	"a flood of settings, not heard": {deaf, func(f *forge) {
		f.Write(bytes.Repeat([]byte{0, 0, 0, byte(http2.FrameSettings), 0, 0, 0, 0, 0}, 20_000))
	}},
	"windows to and fro": {leaves, func(f *forge) {
		f.open(1, f.call())
		f.each(func(s uint32) {
			f.frame(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, most*(s/2%2)))
		})
	}},
	"a ping cut short": {leaves, func(f *forge) { f.frame(http2.FramePing, 0, 0, f.noise(7)) }},
	"a ping of a stream": {leaves, func(f *forge) {
		f.frame(http2.FramePing, 0, 1, make([]byte, 8))
	}},
	"a flood of pings": {leaves, func(f *forge) { f.each(func(uint32) { f.frame(http2.FramePing, 0, 0, make([]byte, 8)) }) }},
	"a flood of pings, not heard": {deaf, func(f *forge) {
		f.Write(bytes.Repeat([]byte{0, 0, 8, byte(http2.FramePing), 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 20_000))
	}},

	// Windows and streams.
	"a window by nothing": {leaves, func(f *forge) { f.open(1, f.call()); f.frame(http2.FrameWindowUpdate, 0, 1, increment(0)) }},
	"a window too large":  {leaves, func(f *forge) { f.frame(http2.FrameWindowUpdate, 0, 0, increment(most)) }},
	"a stream's too large": {leaves, func(f *forge) {
		f.open(1, f.call())
		f.frame(http2.FrameWindowUpdate, 0, 1, increment(most))
		f.frame(http2.FrameWindowUpdate, 0, 1, increment(most))
	}},
	"a window of nothing": {leaves, func(f *forge) { f.frame(http2.FrameWindowUpdate, 0, 2*f.random.Uint32N(100)+1, increment(1)) }},
	"a window cut short":  {leaves, func(f *forge) { f.frame(http2.FrameWindowUpdate, 0, 0, f.noise(3)) }},
	"a flood by one byte": {leaves, func(f *forge) {
		f.open(1, f.call())
		f.each(func(uint32) { f.frame(http2.FrameWindowUpdate, 0, 1, increment(1)) })
	}},
	"data of no stream":       {leaves, func(f *forge) { f.frame(http2.FrameData, 0, 0, f.noise(100)) }},
	"data of a stream unopen": {leaves, func(f *forge) { f.frame(http2.FrameData, 0, 7, f.noise(100)) }},
	"data of a stream closed": {leaves, func(f *forge) {
		f.asks(f.call(), nil)
		f.each(func(uint32) { f.frame(http2.FrameData, 0, 1, f.noise(100)) })
	}},
	"data past the window": {leaves, func(f *forge) {
		f.open(1, f.call())
		f.each(func(uint32) { f.frame(http2.FrameData, 0, 1, make([]byte, maxFrame)) })
	}},
	"a flood of empty data": {leaves, func(f *forge) { f.open(1, f.call()); f.each(func(uint32) { f.frame(http2.FrameData, 0, 1, nil) }) }},
	"padding too long": {leaves, func(f *forge) {
		f.open(1, f.call())
		f.frame(http2.FrameData, http2.FlagDataPadded, 1, []byte{200, 1, 2})
	}},
	"padding of headers":      {leaves, func(f *forge) { f.frame(http2.FrameHeaders, http2.FlagHeadersPadded, 1, []byte{200, 1, 2}) }},
	"padding without a place": {leaves, func(f *forge) { f.open(1, f.call()); f.frame(http2.FrameData, http2.FlagDataPadded, 1, nil) }},
	"a stream of the server":  {leaves, func(f *forge) { f.open(2, f.call()) }},
	"streams backwards":       {leaves, func(f *forge) { f.open(9, f.call()); f.open(3, f.call()) }},
	"a stream twice":          {leaves, func(f *forge) { f.open(1, f.call()); f.open(1, f.call()) }},
	"an end of nothing":       {leaves, func(f *forge) { f.frame(http2.FrameRSTStream, 0, 5, increment(0)) }},
	"an end cut short":        {leaves, func(f *forge) { f.open(1, f.call()); f.frame(http2.FrameRSTStream, 0, 1, f.noise(3)) }},
	// CVE-2023-44487.
	"rapid resets": {leaves, func(f *forge) {
		f.each(func(s uint32) { f.open(s, f.call()); f.frame(http2.FrameRSTStream, 0, s, increment(8)) })
	}},
	"rapid wrongs": {leaves, func(f *forge) {
		f.each(func(s uint32) { f.open(s, f.call()); f.frame(http2.FrameWindowUpdate, 0, s, increment(0)) })
	}},
	"calls that are left": {leaves, func(f *forge) {
		f.each(func(s uint32) { f.open(s, f.call()) })
	}},

	// Headers.
	"a continuation of nothing": {leaves, func(f *forge) {
		f.frame(http2.FrameContinuation, http2.FlagContinuationEndHeaders, 1, packed(f.call()))
	}},
	"data amid headers": {leaves, func(f *forge) {
		f.frame(http2.FrameHeaders, 0, 1, packed(f.call()))
		f.frame(http2.FrameData, 0, 1, nil)
	}},
	"another's continuation": {leaves, func(f *forge) {
		f.frame(http2.FrameHeaders, 0, 1, packed(f.call()))
		f.frame(http2.FrameContinuation, 0, 3, nil)
	}},
	// CVE-2023-45288, CVE-2024-27316.
	"a flood of continuations": {leaves, func(f *forge) {
		f.frame(http2.FrameHeaders, 0, 1, packed(f.call()))
		f.each(func(s uint32) {
			f.frame(http2.FrameContinuation, 0, 1, packed(fields{{fmt.Sprint("x-", s), strings.Repeat("x", 4000)}}))
		})
	}},
	"a flood of empty continuations": {leaves, func(f *forge) {
		f.frame(http2.FrameHeaders, 0, 1, packed(f.call()))
		f.each(func(uint32) { f.frame(http2.FrameContinuation, 0, 1, nil) })
	}},
	"a bomb of headers":        {leaves, func(f *forge) { f.block(hpackBomb(f.call())) }},
	"an index of nothing":      {leaves, func(f *forge) { f.block([]byte{0xff, 0xff, 0x03}) }},
	"an index without end":     {leaves, func(f *forge) { f.block(bytes.Repeat([]byte{0xff}, 200)) }},
	"a table too large":        {leaves, func(f *forge) { f.block([]byte{0x3f, 0xff, 0xff, 0xff, 0x7f}) }},
	"a text longer than it is": {leaves, func(f *forge) { f.block([]byte{0x40, 0x7f, 0xff, 0xff, 0x03, 'a'}) }},
	"letters that are none":    {leaves, func(f *forge) { f.block([]byte{0x40, 0x84, 0xff, 0xff, 0xff, 0xff, 0}) }},
	"a block of noise":         {leaves, func(f *forge) { f.block(f.noise(4 << 10)) }},
	"no path":                  {leaves, func(f *forge) { f.asks(f.call().without(":path"), nil) }},
	"an empty path":            {leaves, func(f *forge) { f.asks(f.call().with(":path", ""), nil) }},
	"another path":             {waits, func(f *forge) { f.asks(f.call().with(":path", "//../..%2f%00/"+strings.Repeat("x", 5000)), nil) }},
	"two paths":                {leaves, func(f *forge) { f.asks(append(fields{{":path", "/x"}}, f.call()...), nil) }},
	"a status":                 {leaves, func(f *forge) { f.asks(append(fields{{":status", "200"}}, f.call()...), nil) }},
	"a path that comes late":   {leaves, func(f *forge) { f.asks(append(f.call().without(":path"), [2]string{":path", "/x"}), nil) }},
	"a name in capitals":       {leaves, func(f *forge) { f.asks(f.call().with("X-Large", "x"), nil) }},
	"a line in a header":       {leaves, func(f *forge) { f.asks(f.call().with("x-line", "a\r\nauthorization: x"), nil) }},
	"a header of a line":       {leaves, func(f *forge) { f.asks(f.call().with("connection", "close").with("transfer-encoding", "chunked"), nil) }},
	"another length":           {leaves, func(f *forge) { f.asks(f.call().with("content-length", "3"), prefixed(0, 1, []byte("x"))) }},
	"another method":           {waits, func(f *forge) { f.asks(f.call().with(":method", "BREW"), nil) }},
	"a tunnel":                 {leaves, func(f *forge) { f.asks(f.call().with(":method", "CONNECT"), nil) }},
	"another type": {waits, func(f *forge) {
		f.asks(f.call().with("content-type", "application/grpc+"+strings.Repeat("x", 500)), prefixed(0, 0, nil))
	}},
	"trailers without an end": {leaves, func(f *forge) { f.open(1, f.call()); f.open(1, fields{{"x-trailer", "x"}}) }},

	// Messages.
	"a message longer than it is":  {waits, func(f *forge) { f.asks(f.call(), prefixed(0, 1000, f.noise(900))) }},
	"a message of four gigabytes":  {waits, func(f *forge) { f.asks(f.call(), prefixed(0, math.MaxUint32, f.noise(900))) }},
	"a message of nearly too much": {waits, func(f *forge) { f.asks(f.call(), prefixed(0, 4<<20, f.noise(900))) }},
	"a message shorter than it is": {waits, func(f *forge) { f.asks(f.call(), prefixed(0, 1, f.noise(900))) }},
	"a prefix cut":                 {waits, func(f *forge) { f.asks(f.call(), f.noise(4)) }},
	"no message":                   {waits, func(f *forge) { f.asks(f.call(), nil) }},
	"two messages":                 {waits, func(f *forge) { f.asks(f.call(), append(prefixed(0, 0, nil), prefixed(0, 0, nil)...)) }},
	"a message of noise":           {waits, func(f *forge) { body := f.noise(2000); f.asks(f.call(), prefixed(0, uint32(len(body)), body)) }},
	"a flag that is none":          {waits, func(f *forge) { f.asks(f.call(), prefixed(byte(2+f.random.IntN(254)), 1, []byte("x"))) }},
	"packed and not said":          {waits, func(f *forge) { f.asks(f.call(), prefixed(1, 4, []byte("abcd"))) }},
	"packed as nobody does":        {waits, func(f *forge) { f.asks(f.call().with("grpc-encoding", "lzma"), prefixed(1, 4, []byte("abcd"))) }},
	"packed and garbage":           {waits, func(f *forge) { f.asks(f.call().with("grpc-encoding", "gzip"), prefixed(1, 20, f.noise(20))) }},
	"packed and cut":               {waits, func(f *forge) { f.asks(f.call().with("grpc-encoding", "gzip"), prefixed(1, 1000, bomb()[:1000])) }},
	"a time of nonsense":           {waits, func(f *forge) { f.asks(f.call().with("grpc-timeout", "99999999999999S"), prefixed(0, 0, nil)) }},
	"no time":                      {waits, func(f *forge) { f.asks(f.call().with("grpc-timeout", "1n"), prefixed(0, 0, nil)) }},
	"a token of noise": {waits, func(f *forge) {
		f.asks(f.call().with("authorization", "Bearer "+hex.EncodeToString(f.noise(100))), prefixed(0, 0, nil))
	}},
}

// anything is a frame of any kind, with any flags, on any stream, of any bytes.
func (f *forge) anything() {
	f.frame(http2.FrameType(f.random.IntN(12)), http2.Flags(f.random.Uint32()), f.random.Uint32N(16), f.noise(64))
}

// changed is a whole call, without a token, of which something is not as it was.
func (f *forge) changed() {
	whole := newForge(f.random, "")
	whole.asks(whole.call(), prefixed(0, 0, nil))
	f.Write(mangled(f.random, whole.Bytes()))
}

// brokenHTTP1 are requests that two readers may read in two ways, or none at all.
var brokenHTTP1 = func() map[string]attack {
	post := "POST /" + testkit.SubmitCall + " HTTP/1.1\r\nHost: koppi\r\nContent-Type: application/json\r\n"
	all := map[string]attack{
		"noise": {leaves, func(f *forge) { f.Write(f.noise(4 << 10)) }},
		"a whole request, changed": {leaves, func(f *forge) {
			f.Write(mangled(f.random, []byte(post+"Content-Length: 2\r\n\r\n{}")))
		}},
		"another preface": {leaves, func(f *forge) { f.Write(append([]byte(http2.ClientPreface[:16]), f.noise(100)...)) }},
	}
	for name, text := range map[string]string{
		"two lengths":              post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"a length below nothing":   post + "Content-Length: -1\r\n\r\n{}",
		"a length past all":        post + "Content-Length: 99999999999999999999\r\n\r\n{}",
		"a length and pieces":      post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"pieces twice":             post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"pieces of another kind":   post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"a piece without end":      post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
		"a piece that goes on":     post + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 64<<10),
		"no host":                  "POST / HTTP/1.1\r\n\r\n",
		"two hosts":                "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"a space before the colon": post + "Content-Length : 2\r\n\r\n{}",
		"a line folded":            post + "X-Folded: a\r\n b\r\n\r\n",
		"a header without a colon": post + "salainen\r\n\r\n",
		"a NUL":                    post + "X-Nul: a\x00b\r\n\r\n",
		"another version":          "POST / HTTP/9.9\r\nHost: a\r\n\r\n",
		"a way out":                "GET /../../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"a way out, hidden":        "GET /%2e%2e/%2e%2e/etc/passwd%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"headers without end":      post + strings.Repeat("X-More: x\r\n", 8000),
		"more than was asked":      post + "Content-Length: 2\r\n\r\n{}" + strings.Repeat("x", 1000),
	} {
		all[name] = attack{leaves, func(f *forge) { f.WriteString(text) }}
	}
	return all
}()
