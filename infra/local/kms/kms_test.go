package kms

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

const keyID = "local-data-key"

func keyARN(id string) string { return "arn:aws:kms:us-east-1:000000000000:key/" + id }

// client is the SDK's own client on a server whose master key is in file.
func client(t *testing.T, file string) *kms.Client {
	t.Helper()
	s, err := Open(file, []string{keyID, "other-key"}, keyARN)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.URL + "/kms"), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func TestDataKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kms.key")
	c := client(t, file)
	tenant := map[string]string{"tenant": "t1", "use": "credentials"}
	made, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(keyID), KeySpec: types.DataKeySpecAes256, EncryptionContext: tenant})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Plaintext) != 32 || bytes.Contains(made.CiphertextBlob, made.Plaintext) {
		t.Fatalf("plaintext has %d bytes, or lies open in the ciphertext", len(made.Plaintext))
	}

	t.Run("open after a restart", func(t *testing.T) {
		got, err := client(t, file).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: tenant})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Plaintext, made.Plaintext) || *got.KeyId != keyARN(keyID) {
			t.Errorf("another key came back, or of another id: %s", *got.KeyId)
		}
	})
	t.Run("the master key is for its owner only", func(t *testing.T) {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
	})

	damaged := bytes.Clone(made.CiphertextBlob)
	damaged[len(damaged)-1] ^= 1
	refused := map[string]struct {
		in   kms.DecryptInput
		code string
	}{
		"another context is refused": {kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: map[string]string{"tenant": "t2", "use": "credentials"}}, "InvalidCiphertextException"},
		"no context is refused":      {kms.DecryptInput{CiphertextBlob: made.CiphertextBlob}, "InvalidCiphertextException"},
		"a damaged blob is refused":  {kms.DecryptInput{CiphertextBlob: damaged, EncryptionContext: tenant}, "InvalidCiphertextException"},
		"a stub is refused":          {kms.DecryptInput{CiphertextBlob: made.CiphertextBlob[:20], EncryptionContext: tenant}, "InvalidCiphertextException"},
		"another key is refused":     {kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: tenant, KeyId: aws.String("other-key")}, "IncorrectKeyException"},
	}
	for name, c2 := range refused {
		t.Run(name, func(t *testing.T) {
			_, err := c.Decrypt(t.Context(), &c2.in)
			api, ok := errors.AsType[smithy.APIError](err)
			if !ok || api.ErrorCode() != c2.code {
				t.Errorf("error = %v, want code %s", err, c2.code)
			}
		})
	}
	t.Run("an unknown key is not found", func(t *testing.T) {
		_, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String("nobody"), KeySpec: types.DataKeySpecAes256})
		if _, ok := errors.AsType[*types.NotFoundException](err); !ok {
			t.Errorf("error = %v", err)
		}
	})
}
