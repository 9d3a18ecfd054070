package endtoend_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTour takes the tour of the README, and goes through the guide, as a reader does who pastes every block into a
// shell: what the documents show works, and shows what they say.
func TestTour(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "base64", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the tour needs %s: %v", tool, err)
		}
	}
	sim := newSimulator(t)
	s := start(t, sim)
	taken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(taken.Close)
	for _, c := range []struct {
		say, document, from, to string
		shows                   []string // in this order
		files                   map[string]string
	}{
		{"the README's tour", "README.md", "## A tour", "\n## What it can do", []string{
			"ca_", `"service":"sim_economy"`, `"service":"sim_overnight"`, // rates, the cheapest first
			`"status":"booked"`, `"tracking_number":"SIM`,
			" 200 OK", "Idempotent-Replayed: true",
			`"field":"ship_from.state"`, `"field":"ship_to.postcode"`, `"field":"parcels[0]"`, `"field":"service"`,
			`"version":2`, `"requested_service":"cheapest"`, `"service":"sim_economy"`, `"status":"booked"`,
			`"row":1`, `no service \"sim_teleport\"`, `"row":2`, `"row":3`,
			`"tracking_number":"SIM`, `"reference":"tour-`, `"cause":"label_generated"`,
			`"cancellation":{`, `"status":"cancelled"`,
			`"code":"scope_missing"`,
			`"delivered":true`,
			`"status":"booked"`, `"tracking_number":"1Z`,
			"sim_economy", "booked", "box-", "usage: fairlead", // the command line
		}, map[string]string{"label.pdf": "%PDF", "label.png": "\x89PNG", "label-a4.pdf": "%PDF", "labels.pdf": "%PDF"}},
		{"the guide", "infra/docs/guide.md", "", "", []string{
			`"key":"fl_test_`, `"name":"shop"`, "204", // keys
			`"service":"sim_ground"`, `"service":"ups_ground"`, // carriers
			`"media_type":"application/zpl"`, `"status":"booked"`, // one order
			`"secret":"whsec_`, `"delivered":true`, `"old_secret_expires_at":`, `"disabled":true`, "204", "\nDjCYFEvaprzYnt+SVmOw9YrywWVUzJ7tSFooaQSqDlA=\n", // callbacks
			`"weight_g":900`, `"version":2`, `"code":"version_mismatch"`, `"status":"booked"`, // changing
			`"cancellation":{`, `"status":"cancelled"`, `"code":"sim_collected"`, `"status":"booked"`, // cancelling
			`"carrier":"ups"`, `"status":"booked"`, `"requested_service":"cheapest"`, `"verdict":"corrected"`, // rates
			`"tracking_number":"1Z`,                            // abroad
			`"created":2`, `"rejected":1`, `"field":"service"`, // many
			`"media_type":"image/png"`, `"code":"not_convertible"`, // labels
			`"cause":"voided"`, `"outcome":"label_generated"`, // finding
			`"reference":"guide-`,  // pages
			`"code":"sim_refused"`, // test mode
		}, map[string]string{"invoice.pdf": "%PDF", "batch.pdf": "%PDF", "label.gif": "GIF8", "label.pdf": "%PDF", "labels.zip": "PK"}},
	} {
		t.Run(c.say+" works as it is written", func(t *testing.T) {
			p := s.in(t).shipper(c.say)
			p.want(p.call("POST", "/v1/callback-endpoints", map[string]any{"url": taken.URL}, nil), 201, "") // as make run has one
			dir := t.TempDir()
			script := strings.NewReplacer("go run ./infra/cmd/fairlead", commandLine(t), "http://127.0.0.1:8082", sim.URL, "https://example.com/fairlead", taken.URL).Replace(blocks(t, c.document, c.from, c.to))
			rest := paste(t, dir, script, "FAIRLEAD_URL="+s.Where().API, "FAIRLEAD_API_KEY="+p.Key)
			all := rest
			for _, want := range c.shows {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("after what came before it does not show %s:\n%s", want, all)
				}
				rest = after
			}
			for name, begins := range c.files {
				if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.HasPrefix(raw, []byte(begins)) {
					t.Errorf("%s is %.40q, %v", name, raw, err)
				}
			}
		})
	}
}

// commandLine builds the command line over the Go client, and tells where it is.
func commandLine(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fairlead")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./infra/cmd/fairlead")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return program
}

// blocks are the shell blocks of a document, or of a part of it.
func blocks(t *testing.T, document, from, to string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(raw), from)
	if to != "" {
		part, _, _ = strings.Cut(part, to)
	}
	var out strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllStringSubmatch(part, -1) {
		out.WriteString(m[1])
	}
	if !found || out.Len() == 0 {
		t.Fatalf("%s has no blocks after %q", document, from)
	}
	return out.String()
}

// paste runs a script in a folder and returns what it printed.
func paste(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(os.Environ(), env...), strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}
