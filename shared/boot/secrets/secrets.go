// Package secrets makes the box that seals and opens a tenant's secrets under the KMS key.
package secrets

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/secret"
	"github.com/fairlead/fairlead/shared/secret/kmskeys"
)

// Box is to be made once in a process, for it keeps the data keys it has unwrapped.
func Box(a *boot.App) *secret.Box {
	return &secret.Box{Keys: kmskeys.Source{Client: kms.NewFromConfig(a.AWS()), KeyID: a.Env.DataKeyID}, Now: time.Now}
}
