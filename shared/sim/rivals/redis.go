package rivals

import (
	"context"
	"sync"
	"time"
)

// Server is a Redis in memory: one instance that never forgets a key before its time, by its own clock.
type Server struct {
	now func() time.Time

	mu   sync.Mutex
	keys map[string]entry
}

type entry struct {
	token string
	until time.Time
}

// NewRedis is an empty Redis on a clock.
func NewRedis(now func() time.Time) *Server { return &Server{now: now, keys: map[string]entry{}} }

// Command is one command, for the hooks of a Client.
type Command struct{ Name, Key, Token string } // Name: "SetNX" or "CompareAndDelete"

// Client is what one process has of a Server. Both hooks may be nil and run outside the server's lock.
type Client struct {
	Server *Server
	Before func(ctx context.Context, c Command) error // its error is the answer, and nothing was done
	After  func(ctx context.Context, c Command) error // the command was done; its error is the answer
}

// SetNX implements Redis.
func (c Client) SetNX(ctx context.Context, key, token string, ttl time.Duration) (set bool, err error) {
	err = c.do(ctx, Command{"SetNX", key, token}, func() { set = c.Server.setNX(key, token, ttl) })
	return set && err == nil, err
}

// CompareAndDelete implements Redis.
func (c Client) CompareAndDelete(ctx context.Context, key, token string) error {
	return c.do(ctx, Command{"CompareAndDelete", key, token}, func() { c.Server.compareAndDelete(key, token) })
}

func (c Client) do(ctx context.Context, command Command, apply func()) error {
	err := ctx.Err()
	if err == nil && c.Before != nil {
		err = c.Before(ctx, command)
	}
	if err != nil {
		return err
	}
	apply()
	if c.After != nil {
		return c.After(ctx, command)
	}
	return nil
}

func (s *Server) setNX(key, token string, ttl time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if e, ok := s.keys[key]; ok && now.Before(e.until) {
		return false
	}
	s.keys[key] = entry{token, now.Add(ttl)}
	return true
}

func (s *Server) compareAndDelete(key, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[key].token == token {
		delete(s.keys, key)
	}
}
