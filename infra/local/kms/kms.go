// Package kms answers the two KMS calls that Fairlead makes, GenerateDataKey and Decrypt, for the local stack.
// Data keys are sealed with AES-GCM under a key derived from a master key in a file; the encryption context is
// associated data, so that a key sealed for one context opens for no other, as in KMS.
package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
)

const (
	masterBytes = 32
	maxBody     = 64 << 10
	format      = 1 // the first byte of every sealed key
)

// Server is an HTTP handler that speaks KMS's JSON protocol.
type Server struct {
	master []byte
	arn    func(id string) string
	keys   []string
}

// Open reads the master key in file, or makes it (mode 0600) when there is none yet. Only the key ids in keys
// exist; arn gives the ARN of one.
func Open(file string, keys []string, arn func(id string) string) (*Server, error) {
	master, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		master = make([]byte, masterBytes)
		_, _ = rand.Read(master)
		err = os.WriteFile(file, master, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("local KMS key: %w", err)
	}
	if len(master) != masterBytes {
		return nil, fmt.Errorf("local KMS key: %s has %d bytes, not %d: remove the data directory to start afresh", file, len(master), masterBytes)
	}
	return &Server{master, arn, keys}, nil
}

type request struct {
	KeyID             string            `json:"KeyId"`
	EncryptionContext map[string]string `json:"EncryptionContext"`
	KeySpec           string            `json:"KeySpec"`
	NumberOfBytes     int               `json:"NumberOfBytes"`
	CiphertextBlob    []byte            `json:"CiphertextBlob"`
}

type response struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte `json:"Plaintext"`
	CiphertextBlob      []byte `json:"CiphertextBlob,omitempty"`
	EncryptionAlgorithm string `json:"EncryptionAlgorithm,omitempty"`
}

// failure is an error of KMS's own kind.
type failure struct{ Type, Message string }

func (f *failure) Error() string { return f.Type + ": " + f.Message }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var req request
	out, err := response{}, json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req)
	if err != nil {
		err = &failure{"SerializationException", err.Error()}
	} else {
		switch op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService."); op {
		case "GenerateDataKey":
			out, err = s.generate(req)
		case "Decrypt":
			out, err = s.decrypt(req)
		default:
			err = &failure{"UnsupportedOperationException", "the local KMS answers GenerateDataKey and Decrypt, not " + op}
		}
	}
	if err != nil {
		f, ok := errors.AsType[*failure](err)
		if !ok {
			f = &failure{"KMSInternalException", err.Error()}
		}
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": f.Type, "message": f.Message})
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) generate(req request) (response, error) {
	id, err := s.key(req.KeyID)
	if err != nil {
		return response{}, err
	}
	size := req.NumberOfBytes
	switch {
	case req.KeySpec == "AES_256" && size == 0:
		size = 32
	case req.KeySpec == "AES_128" && size == 0:
		size = 16
	case req.KeySpec != "" || size < 1 || size > 1024:
		return response{}, &failure{"ValidationException", "exactly one of KeySpec (AES_256, AES_128) and NumberOfBytes (1 to 1024) is needed"}
	}
	plain := make([]byte, size)
	_, _ = rand.Read(plain)
	aead, err := s.aead(id)
	if err != nil {
		return response{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	blob := append([]byte{format, byte(len(id))}, id...)
	blob = append(blob, nonce...)
	blob = aead.Seal(blob, nonce, plain, associated(req.EncryptionContext))
	return response{KeyID: s.arn(id), Plaintext: plain, CiphertextBlob: blob}, nil
}

func (s *Server) decrypt(req request) (response, error) {
	invalid := &failure{"InvalidCiphertextException", "the ciphertext is damaged, or was made by another key or for another encryption context"}
	b := req.CiphertextBlob
	if len(b) < 2 || b[0] != format || len(b) < 2+int(b[1]) {
		return response{}, invalid
	}
	id, b := string(b[2:2+int(b[1])]), b[2+int(b[1]):]
	if _, err := s.key(id); err != nil {
		return response{}, err
	}
	if req.KeyID != "" {
		if named, err := s.key(req.KeyID); err != nil || named != id {
			return response{}, &failure{"IncorrectKeyException", "the ciphertext was made by another key"}
		}
	}
	aead, err := s.aead(id)
	if err != nil {
		return response{}, err
	}
	if len(b) < aead.NonceSize() {
		return response{}, invalid
	}
	plain, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], associated(req.EncryptionContext))
	if err != nil {
		return response{}, invalid
	}
	return response{KeyID: s.arn(id), Plaintext: plain, EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}, nil
}

// key resolves an id or an ARN to the id of a key that exists.
func (s *Server) key(name string) (string, error) {
	for _, id := range s.keys {
		if name == id || name == s.arn(id) {
			return id, nil
		}
	}
	return "", &failure{"NotFoundException", "there is no key " + name}
}

func (s *Server) aead(id string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, s.master, nil, "fairlead local kms "+id, masterBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// associated writes an encryption context in one canonical form.
func associated(context map[string]string) []byte {
	pairs := make([][2]string, 0, len(context))
	for k, v := range context {
		pairs = append(pairs, [2]string{k, v})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	out, _ := json.Marshal(pairs) // strings always encode
	return out
}
