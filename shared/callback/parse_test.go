package callback

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"testing"
	"time"
)

// FuzzCheckURL holds that what passes is an https URL of a host outside, whatever it is written like.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"", "https://example.com/hook?token=1", "https://[::1]/", "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://example.com:0/", "https://a@b/",
		"https://localhost./", "http://example.com", "https://example.com#x", "//example.com", "https:example.com", "https://[fe80::1%25eth0]/", "https://\x00/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if code, detail := checkURL(raw, false); code != "" {
			if detail == "" {
				t.Errorf("%q is refused without a word", raw)
			}
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || isLoopback(u.Hostname()) || len(raw) > maxURL {
			t.Errorf("%q passes", raw)
		}
	})
}

// FuzzSigningKey holds that a secret is read to the same key that the standard reads.
func FuzzSigningKey(f *testing.F) {
	for _, seed := range []string{"", "whsec_", "whsec_AAAA", "whsec_%", "AAAA", "whsec_AAAA\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		key, err := signingKey(secret)
		if err != nil {
			return
		}
		again, err := signingKey(secretPrefix + base64.StdEncoding.EncodeToString(key))
		if err != nil || !bytes.Equal(key, again) || len(key) == 0 {
			t.Errorf("%q is read as %x", secret, key)
		}
	})
}

// FuzzRetryAfter holds that no receiver asks for a time that is negative or overflows.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "-1", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", " 7 ", "1e3"} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, now); got < 0 {
			t.Errorf("%q asks for %v", value, got)
		}
	})
}
