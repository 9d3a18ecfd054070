package booking

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fairlead/fairlead/shared/ship"
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// idPrefix begins every shipment's id.
const idPrefix = "shp_"

func hashed(parts ...string) [32]byte { return sha256.Sum256([]byte(strings.Join(parts, "\x00"))) }

func shortID(prefix string, parts ...string) string {
	sum := hashed(parts...)
	return prefix + lower32.EncodeToString(sum[:])[:26]
}

// IDByReference is the id of the one shipment that a reference names, for ever.
func IDByReference(tenant string, mode ship.Mode, reference string) string {
	return shortID(idPrefix, tenant, string(mode), "ref", reference)
}

// IDByKey is the id of the shipment that an Idempotency-Key names when there is no reference.
func IDByKey(tenant string, mode ship.Mode, key string) string {
	return shortID(idPrefix, tenant, string(mode), "key", key)
}

// Reference is our reference at the carrier: 26 characters, the same on every attempt of a shipment.
func Reference(id string) string { return strings.TrimPrefix(id, idPrefix) }

// EventID is the webhook-id of what a shipment's version announced; one version may announce two things.
func EventID(tenant string, mode ship.Mode, id string, version int64, event string) string {
	return shortID("evt_", tenant, string(mode), id, strconv.FormatInt(version, 10), event)
}

// Fingerprint0 is the creation fingerprint: the client's parsed body, keys sorted, without confirm, before any
// default is filled in, so that a new optional field never turns an old retry into a conflict.
func Fingerprint0(parsed any) string {
	if m, ok := parsed.(map[string]any); ok {
		rest := make(map[string]any, len(m))
		for k, v := range m {
			if k != "confirm" {
				rest[k] = v
			}
		}
		parsed = rest
	}
	b, err := json.Marshal(parsed) // sorts keys; json.Number stays as it was written
	if err != nil {
		panic("parsed JSON that can't be written: " + err.Error())
	}
	return digest(b)
}

// Fingerprint is the canonical request's content address.
func Fingerprint(s ship.Shipment) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return digest(b), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// confirmKey is what CONFIRM stores: the hash of the Idempotency-Key, or of id and version when none was sent.
func confirmKey(key, id string, version int64) string {
	if key == "" {
		return digest([]byte("version\x00" + id + "\x00" + strconv.FormatInt(version, 10)))
	}
	return digest([]byte("key\x00" + key))
}
