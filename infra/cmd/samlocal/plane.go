package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
)

// plane is the data plane: what infra/local has without its functions, and a door to it for containers.
type plane struct {
	stack   *local.Stack
	aws     string // where containers find every AWS service
	envFile string // environment of each function, as sam local takes it
	data    string
	door    *http.Server
}

func openPlane(ctx context.Context, gateway, dir string) (*plane, error) {
	data, err := os.MkdirTemp("", "fairlead-samlocal-")
	if err != nil {
		return nil, err
	}
	p := &plane{data: data, envFile: filepath.Join(data, "env.json")}
	if err := p.open(ctx, gateway); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *plane) open(ctx context.Context, gateway string) (err error) {
	p.stack, err = local.Start(ctx, local.Config{
		Template: "template.yaml", Data: filepath.Join(p.data, "stack"), Tools: filepath.Join("infra", "local"), NoFunctions: true, NoSources: true,
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", SimListen: net.JoinHostPort(gateway, "0"),
		Simulator: func(dir string, log *slog.Logger) (local.Simulator, error) {
			return carriersim.Open(carriersim.Options{Data: filepath.Join(dir, "journal.jsonl"), Log: log})
		},
	})
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(gateway, "0"))
	if err != nil {
		return err
	}
	h, err := door(p.stack.Where)
	if err != nil {
		return err
	}
	p.door = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.door.Serve(l) }()
	p.aws = "http://" + l.Addr().String()
	return p.writeEnvironment()
}

func (p *plane) close() {
	if p.door != nil {
		_ = p.door.Close()
	}
	if p.stack != nil {
		p.stack.Stop()
	}
	_ = os.RemoveAll(p.data)
}

// door sends each call to the emulator of its service: the functions know one address for all of AWS, and the emulators
// listen on loopback alone, which no container reaches.
func door(at local.Where) (http.Handler, error) {
	to := map[string]*url.URL{}
	for service, where := range map[string]string{"DynamoDB": at.DynamoDB, "AmazonSQS": at.SQS, "TrentService": at.KMS, "": at.S3} {
		u, err := url.Parse(where)
		if err != nil {
			return nil, fmt.Errorf("the address of %s: %w", service, err)
		}
		to[service] = u
	}
	return &httputil.ReverseProxy{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Rewrite: func(r *httputil.ProxyRequest) {
		service, _, _ := strings.Cut(r.In.Header.Get("X-Amz-Target"), ".") // S3 names none
		service, _, _ = strings.Cut(service, "_")                          // DynamoDB's has its version
		u := to[service]
		if u == nil {
			u = to[""]
		}
		r.SetURL(u)
		r.Out.Host = r.In.Host // it is signed
	}}, nil
}

// writeEnvironment writes what the template gives each function, with this machine's values. SAM itself resolves no
// reference to a queue or a key.
func (p *plane) writeEnvironment() error {
	all := map[string]map[string]string{}
	for _, f := range p.stack.Template.Functions {
		all[f.LogicalID] = f.Env
		all[f.LogicalID]["AWS_ENDPOINT_URL"] = p.aws
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(p.envFile, raw, 0o600)
}
