package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
)

// startWithin is how long a start may take: what Lambda allows.
const startWithin = 10 * time.Second

// starter is the part of the Lambda Runtime API that a start needs: it notes the first request for an invocation and
// never answers it. One process runs at a time.
type starter struct {
	bin     string
	addr    string
	server  *http.Server
	spawner *child.Spawner
	asked   chan time.Time
}

func newStarter(bin string) (*starter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &starter{bin: bin, addr: l.Addr().String(), spawner: child.NewSpawner(), asked: make(chan time.Time)}
	s.server = &http.Server{ReadHeaderTimeout: startWithin, Handler: http.HandlerFunc(s.next)}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *starter) close() {
	_ = s.server.Close()
	s.spawner.Close()
}

func (s *starter) next(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
		http.NotFound(w, r)
		return
	}
	select {
	case s.asked <- now:
		<-r.Context().Done() // until the process is killed
	case <-r.Context().Done():
	}
}

// start starts a function's process, waits for its first request, and ends it.
func (s *starter) start(ctx context.Context, f *function) (time.Duration, error) {
	var said bytes.Buffer
	program := filepath.Join(s.bin, f.name)
	spec := child.Spec{Path: program, Dir: s.bin, Out: &said, Env: []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "TZ=:UTC", "AWS_LAMBDA_RUNTIME_API=" + s.addr, "AWS_LAMBDA_FUNCTION_NAME=" + f.name,
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "_HANDLER=bootstrap",
	}}
	for k, v := range f.env {
		spec.Env = append(spec.Env, k+"="+v)
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	began := time.Now()
	p, err := s.spawner.Start(spec)
	if err != nil {
		return 0, err
	}
	defer p.Kill()
	select {
	case asked := <-s.asked:
		return asked.Sub(began), nil
	case <-p.Done():
		return 0, fmt.Errorf("%s ended before it asked for an invocation: %s: %s", f.name, p.Ended(), said.String())
	case <-ctx.Done():
		return 0, errors.Join(fmt.Errorf("%s did not ask for an invocation", f.name), ctx.Err())
	}
}
