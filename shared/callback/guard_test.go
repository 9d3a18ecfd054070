package callback

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
)

func TestCheckURL(t *testing.T) {
	tests := []struct {
		name, url string
		local     bool
		code      string
	}{
		{name: "https is taken", url: "https://example.com/hooks?tenant=1"},
		{name: "https with a port is taken", url: "https://example.com:8443/"},
		{name: "a public address is taken", url: "https://93.184.215.14/"},
		{name: "capitals are taken", url: "HTTPS://Example.COM/"},
		{name: "http is refused", url: "http://example.com/", code: "insecure_url"},
		{name: "another scheme is refused", url: "ftp://example.com/", code: "insecure_url"},
		{name: "no scheme is refused", url: "example.com/hooks", code: "invalid_url"},
		{name: "a path alone is refused", url: "/hooks", code: "invalid_url"},
		{name: "an opaque one is refused", url: "https:example.com", code: "invalid_url"},
		{name: "no host is refused", url: "https:///hooks", code: "invalid_url"},
		{name: "a port alone is refused", url: "https://:443/", code: "invalid_url"},
		{name: "empty is refused", url: "", code: "invalid_url"},
		{name: "a control character is refused", url: "https://example.com/\r\nX: y", code: "invalid_url"},
		{name: "a user is refused", url: "https://user@example.com/", code: "invalid_url"},
		{name: "a password is refused", url: "https://a:b@example.com/", code: "invalid_url"},
		{name: "a fragment is refused", url: "https://example.com/#x", code: "invalid_url"},
		{name: "an empty fragment is refused", url: "https://example.com/#", code: "invalid_url"},
		{name: "port 0 is refused", url: "https://example.com:0/", code: "invalid_url"},
		{name: "an impossible port is refused", url: "https://example.com:65536/", code: "invalid_url"},
		{name: "an empty port is refused", url: "https://example.com:/", code: "invalid_url"},
		{name: "2048 bytes are taken", url: "https://example.com/" + strings.Repeat("a", 2028)},
		{name: "2049 bytes are refused", url: "https://example.com/" + strings.Repeat("a", 2029), code: "too_long"},
		{name: "loopback is refused", url: "https://127.0.0.1/", code: "prohibited_host"},
		{name: "loopback of IPv6 is refused", url: "https://[::1]/", code: "prohibited_host"},
		{name: "mapped loopback is refused", url: "https://[::ffff:127.0.0.1]/", code: "prohibited_host"},
		{name: "a private address is refused", url: "https://10.0.0.1/", code: "prohibited_host"},
		{name: "instance metadata is refused", url: "https://169.254.169.254/latest/", code: "prohibited_host"},
		{name: "a unique local address is refused", url: "https://[fd00:ec2::254]/", code: "prohibited_host"},
		{name: "a zone is refused", url: "https://[fe80::1%25eth0]/", code: "prohibited_host"},
		{name: "localhost is refused", url: "https://localhost/", code: "prohibited_host"},
		{name: "localhost with a dot is refused", url: "https://LOCALHOST./", code: "prohibited_host"},
		{name: "a name under localhost is refused", url: "https://a.localhost/", code: "prohibited_host"},
		{name: "an address as one number is refused", url: "https://2130706433/", code: "prohibited_host"},
		{name: "an address in hexadecimal is refused", url: "https://0x7f000001/", code: "prohibited_host"},
		{name: "a short address is refused", url: "https://127.1/", code: "prohibited_host"},
		{name: "locally, http to loopback is taken", url: "http://127.0.0.1:8080/", local: true},
		{name: "locally, http to localhost is taken", url: "http://localhost:8080/", local: true},
		{name: "locally, https to loopback is taken", url: "https://[::1]:8443/", local: true},
		{name: "locally, http elsewhere is refused", url: "http://example.com/", local: true, code: "insecure_url"},
		{name: "locally, a private address is refused", url: "https://192.168.0.1/", local: true, code: "prohibited_host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, detail := checkURL(tt.url, tt.local)
			if code != tt.code || (code == "") != (detail == "") {
				t.Errorf("%q: got %q (%s), want %q", tt.url, code, detail, tt.code)
			}
		})
	}
}

// The dialler itself is asked here, past checkURL: it is what stops names that resolve to an address inside.
func TestGuardRefuses(t *testing.T) {
	var seen atomic.Int32
	receiver := func(network, address string) string {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Logf("no receiver on %s: %v", address, err)
			return "9"
		}
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) })}}
		s.Start()
		t.Cleanup(s.Close)
		u, _ := url.Parse(s.URL)
		return u.Port()
	}
	v4, v6 := receiver("tcp4", "127.0.0.1:0"), receiver("tcp6", "[::1]:0")
	deployed := NewClient(ClientOptions{Times: Standard(), Now: time.Now})
	local := NewClient(ClientOptions{Times: Standard(), Now: time.Now, AllowLoopback: true})

	refusals := map[string]string{
		"loopback": "127.0.0.1:" + v4, "loopback of IPv6": "[::1]:" + v6, "mapped loopback": "[::ffff:127.0.0.1]:" + v4,
		"a name of loopback": "localhost:" + v4, "any address": "0.0.0.0:" + v4, "instance metadata": "169.254.169.254",
		"a private address": "10.0.0.1", "another private address": "192.168.1.1:8443", "shared address space": "100.64.0.1",
		"a unique local address": "[fd00:ec2::254]", "NAT64 of loopback": "[64:ff9b::7f00:1]", "6to4 of loopback": "[2002:7f00:1::]",
	}
	for name, host := range refusals {
		t.Run(name, func(t *testing.T) {
			_, err := deployed.http.Post("http://"+host+"/", "application/json", strings.NewReader("{}"))
			if !errors.Is(err, ssrf.ErrProhibitedIP) || reasonOf(err) != ReasonProhibited {
				t.Errorf("%s: %v", host, err)
			}
		})
	}
	for _, host := range []string{"169.254.169.254", "10.0.0.1", "[fd00:ec2::254]"} {
		t.Run(host+" in the local runtime as well", func(t *testing.T) {
			if _, err := local.http.Post("http://"+host+"/", "application/json", strings.NewReader("{}")); !errors.Is(err, ssrf.ErrProhibitedIP) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("nothing arrived", func(t *testing.T) {
		if n := seen.Load(); n != 0 {
			t.Errorf("%d requests arrived", n)
		}
	})
	t.Run("but loopback is reached in the local runtime", func(t *testing.T) {
		res, err := local.http.Post("http://localhost:"+v4+"/", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	})
}
