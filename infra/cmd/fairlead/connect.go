package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/fairlead/fairlead/shared/client"
)

// Where the local stack is, and what its demonstration keeps.
const localURL = "http://127.0.0.1:8080"

// attempts are fewer than a program makes: somebody is waiting.
const attempts = 4

var localFile = filepath.Join(".fairlead", "demo.json")

// connect finds out where the API is and what key to use. A key is never given as a flag: everybody on the machine sees
// the flags of a program.
func (t *task) connect() (*client.Client, error) {
	at := cmp.Or(t.url, t.env("FAIRLEAD_URL"))
	key, err := t.key(at)
	if err != nil {
		return nil, err
	}
	c, err := client.New(key, client.Options{BaseURL: cmp.Or(at, localURL), UserAgent: "fairlead-cli", Attempts: attempts})
	if err != nil {
		return nil, &usageError{strings.TrimPrefix(err.Error(), "client: ")}
	}
	return c, nil
}

// key is the one that is given, or the local stack's, which is for this machine only.
func (t *task) key(at string) (string, error) {
	if t.keyFile != "" {
		raw, err := os.ReadFile(t.keyFile)
		return strings.TrimSpace(string(raw)), err
	}
	if key := t.env("FAIRLEAD_API_KEY"); key != "" {
		return strings.TrimSpace(key), nil
	}
	var local struct{ Key string }
	raw, err := os.ReadFile(localFile)
	if err == nil && json.Unmarshal(raw, &local) == nil && local.Key != "" && onThisMachine(at) {
		return local.Key, nil
	}
	return "", &usageError{"there is no API key: set FAIRLEAD_API_KEY (and FAIRLEAD_URL), or start the local stack with make run"}
}

func onThisMachine(at string) bool {
	if at == "" {
		return true
	}
	u, err := url.Parse(at)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// largestFile is more than the API takes.
const largestFile = 6 << 20

// read reads a file, or what is piped in when its name is -.
func (t *task) read(name string) ([]byte, error) {
	in := t.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, largestFile+1))
	if err == nil && len(data) > largestFile {
		err = fmt.Errorf("%s has more than %d bytes, more than the API takes", name, largestFile)
	}
	return data, err
}
