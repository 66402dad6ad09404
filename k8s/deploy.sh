#!/bin/sh
# The steps of a deployment, each by itself; .github/workflows/release.yml goes through them.
#   render OVERLAY IMAGE   write the manifests, with the image by digest, to rendered.yaml
#   apply STEP             apply the objects of a step, and wait until what runs pods is there
#   secrets                make the three Secrets from the environment
#   migrate                run the migrations, and wait for their end
#   smoke URL              is the new version up, through the front door?
#   rollback               back to the version before, where `apply backend` had begun
set -eu

rendered=rendered.yaml
namespace=${NAMESPACE:-sender}
kubectl=${KUBECTL:-kubectl}
deployments="sender-backend sender-worker"

k() { "$kubectl" --namespace "$namespace" "$@"; }

render() { # overlay, image
  "$kubectl" kustomize "$1" | sed "s|image: ghcr.io/[^ ]*/sender:latest\$|image: $2|" > "$rendered"
  grep -q "image: $2\$" "$rendered" || { echo "the image is not in the manifests" >&2; exit 1; }
}

apply() { # step
  if [ "$1" = backend ]; then
    for deployment in $deployments; do revision "$deployment" > ".before-$deployment"; done
  fi
  "$kubectl" apply --server-side --force-conflicts --filename "$rendered" --selector "deploy-step=$1"
  case $1 in
    postgres) k rollout status deployment/sender-postgres --timeout=300s ;;
    backend)
      k rollout status deployment/sender-backend --timeout=300s
      k rollout status deployment/sender-worker --timeout=300s
      ;;
  esac
}

secrets() {
  make_secret backend-env-secrets REDIS_URL SECRET_KEY METRICS_TOKEN OIDC_CLIENT_SECRET
  make_secret sender-postgres-secret POSTGRES_PASSWORD SCALER_PASSWORD
  k create secret docker-registry ghcr-secret --docker-server=ghcr.io \
    --docker-username="$GHCR_USER" --docker-password="$GHCR_TOKEN" \
    --dry-run=client --output=yaml | k apply --server-side --force-conflicts --filename -
}

# Values go through a file that nobody else may read, never through the command line.
make_secret() ( # name, names of variables
  name=$1
  shift
  umask 077
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  for variable in "$@"; do
    value=$(printenv "$variable") || { echo "$variable is not set" >&2; exit 1; }
    printf %s "$value" > "$folder/$variable"
  done
  k create secret generic "$name" --from-file="$folder" --dry-run=client --output=yaml \
    | k apply --server-side --force-conflicts --filename -
)

migrate() {
  k delete job sender-migrate --ignore-not-found --wait
  "$kubectl" apply --server-side --filename "$rendered" --selector deploy-step=migrate
  k wait --for=condition=complete --timeout=900s job/sender-migrate || {
    k logs job/sender-migrate --tail=50 >&2
    exit 1
  }
}

smoke() { # url
  for path in /health /ready /sign-in/; do
    curl --fail --silent --show-error --output /dev/null --retry 10 --retry-all-errors \
      --retry-delay 3 --max-time 20 "$1$path"
  done
  status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 20 "$1/metrics")
  test "$status" = 403 || { echo "/metrics answers $status to the world" >&2; exit 1; }
}

# Migrations stay: each fits the version before too (CONTRIBUTING.md), so nothing is lost.
rollback() {
  for deployment in $deployments; do
    before=$(cat ".before-$deployment" 2> /dev/null || true)
    if [ -n "$before" ] && [ "$before" != "$(revision "$deployment")" ]; then
      k rollout undo "deployment/$deployment" --to-revision="$before"
      k rollout status "deployment/$deployment" --timeout=300s
    fi
  done
}

# Its number; nothing where the deployment is not there yet.
revision() { # deployment
  k get deployment "$1" --ignore-not-found \
    --output=jsonpath='{.metadata.annotations.deployment\.kubernetes\.io/revision}'
}

step=$1
shift
case $step in
  render | apply | secrets | migrate | smoke | rollback) "$step" "$@" ;;
  *) echo "unknown step: $step" >&2; exit 64 ;;
esac
