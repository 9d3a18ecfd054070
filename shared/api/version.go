package api

import (
	"fmt"
	"slices"
	"strings"
)

// Versions are the dates of the versions of the API that are answered, oldest first. A new one is for changes that
// would break who integrates; everything else is added to the newest.
var Versions = []string{"2026-11-01"}

// newestVersion is what a caller gets who asks for none.
func newestVersion() string { return Versions[len(Versions)-1] }

// version is the one a request asks for by its Api-Version header, whether or not there is such a one.
func version(r Request) string {
	if asked := r.Header.Values("Api-Version"); len(asked) > 0 {
		return strings.Join(asked, ", ")
	}
	return newestVersion()
}

func (o Operation) checkVersion(r Request) error {
	if asked := version(r); !slices.Contains(Versions, asked) {
		return Malformed("unknown_api_version", fmt.Sprintf("There is no Api-Version %.100q; there are %s. Without the header you get %s.", asked, strings.Join(Versions, ", "), newestVersion()))
	}
	return nil
}

// answeredVersion is the version of an answer: an error about the version itself comes in the newest.
func answeredVersion(r Request) string {
	if slices.Contains(Versions, r.Version) {
		return r.Version
	}
	return newestVersion()
}
