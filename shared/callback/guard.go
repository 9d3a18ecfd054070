package callback

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"code.dny.dev/ssrf"
)

// maxURL is the longest URL of an endpoint, in bytes.
const maxURL = 2048

// newGuard decides which addresses may be dialled: public ones only. It judges the address the name resolved to,
// at the moment of dialling, so that neither a name nor a later change of it leads inside. Loopback is for the
// local runtime.
func newGuard(allowLoopback bool) *ssrf.Guardian {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if allowLoopback {
		options = append(options,
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return ssrf.New(options...)
}

// checkURL says what is wrong with an endpoint's URL as a code and a sentence; both are empty when nothing is.
func checkURL(raw string, allowLoopback bool) (code, detail string) {
	if len(raw) > maxURL {
		return "too_long", "Must be at most " + strconv.Itoa(maxURL) + " bytes long."
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return "invalid_url", "Must be an absolute URL such as https://example.com/fairlead."
	case u.User != nil:
		return "invalid_url", "Must not hold a user name or password: the signature proves who is calling."
	case strings.Contains(raw, "#"):
		return "invalid_url", "Must not hold a fragment (#…)."
	}
	if u.Port() != "" || strings.HasSuffix(u.Host, ":") {
		if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return "invalid_url", "Its port must be a number from 1 to 65535."
		}
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	loopback := isLoopback(host)
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback && allowLoopback):
		return "insecure_url", "Must be an https URL."
	case loopback && allowLoopback:
		return "", ""
	case !publicHost(host):
		return "prohibited_host", "Must be on the public internet."
	}
	return "", ""
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// publicHost refuses what can be told without a look-up. A name that resolves to a private address passes here
// and is stopped when it is dialled.
func publicHost(host string) bool {
	if isLoopback(host) {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return newGuard(false).SafeAddr(ip) == nil
	}
	// Resolvers read "2130706433", "0x7f.1" and "127.1" as addresses; no top-level domain begins with a digit.
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && (last[0] < '0' || last[0] > '9')
}
