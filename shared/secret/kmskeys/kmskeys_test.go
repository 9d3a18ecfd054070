package kmskeys_test

import (
	"bytes"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/fairlead/fairlead/infra/local/kms"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/secret/kmskeys"
)

var _ secret.KeySource = kmskeys.Source{}

func source(t *testing.T) kmskeys.Source {
	t.Helper()
	server, err := kms.Open(filepath.Join(t.TempDir(), "master.key"), []string{"data-key"}, func(id string) string { return "arn:aws:kms:us-east-1:000000000000:key/" + id })
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(server)
	t.Cleanup(h.Close)
	return kmskeys.Source{KeyID: "data-key", Client: awskms.New(awskms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(h.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})}
}

func TestSource(t *testing.T) {
	s := source(t)
	plain, wrapped, err := s.Generate(t.Context(), "tn_1")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("gives 256-bit keys, each another", func(t *testing.T) {
		again, _, err := s.Generate(t.Context(), "tn_1")
		if err != nil || len(plain) != 32 || bytes.Equal(plain, again) {
			t.Errorf("%d bytes, %v", len(plain), err)
		}
	})
	t.Run("unwraps for the same tenant", func(t *testing.T) {
		got, err := s.Unwrap(t.Context(), "tn_1", wrapped)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("another key, %v", err)
		}
	})
	t.Run("does not unwrap for another tenant", func(t *testing.T) {
		if _, err := s.Unwrap(t.Context(), "tn_2", wrapped); err == nil {
			t.Error("it did")
		}
	})
	t.Run("keeps a box's secrets", func(t *testing.T) {
		box := func() *secret.Box { return &secret.Box{Keys: s, Now: time.Now} }
		sealed, err := box().Seal(t.Context(), "tn_1", "p", "id", []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := box().Open(t.Context(), "tn_1", "p", "id", sealed); err != nil || string(got) != "text" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
