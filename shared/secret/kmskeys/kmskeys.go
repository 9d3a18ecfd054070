// Package kmskeys is the AWS KMS driver behind secret.KeySource.
package kmskeys

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// API is what of the SDK's client this package uses.
type API interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// Source makes data keys under one KMS key. The tenant is the encryption context: KMS itself refuses to unwrap a
// tenant's key for another, and its log says whose key was used.
type Source struct {
	Client API
	KeyID  string // id, ARN or alias of the KMS key
}

// Generate implements secret.KeySource.
func (s Source) Generate(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	out, err := s.Client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &s.KeyID, KeySpec: types.DataKeySpecAes256, EncryptionContext: boundTo(tenant),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("KMS GenerateDataKey: %w", err)
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// Unwrap implements secret.KeySource.
func (s Source) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	out, err := s.Client.Decrypt(ctx, &kms.DecryptInput{
		KeyId: &s.KeyID, CiphertextBlob: wrapped, EncryptionContext: boundTo(tenant),
	})
	if err != nil {
		return nil, fmt.Errorf("KMS Decrypt: %w", err)
	}
	return out.Plaintext, nil
}

func boundTo(tenant string) map[string]string { return map[string]string{"tenant": tenant} }
