package clients

import (
	"context"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgo "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if true() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

// TestOperator starts whatever KUBEBUILDER_ASSETS names by an unmodified envtest, and runs two replicas of an operator there.
func TestOperator(t *testing.T) {
	ctrl.SetLogger(klog.NewKlogr())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(addWidgets(scheme.Scheme))
	environment := &envtest.Environment{
		CRDDirectoryPaths:        []string{"testdata/crds"},
		ErrorIfCRDPathMissing:    true,
		WebhookInstallOptions:    envtest.WebhookInstallOptions{Paths: []string{"testdata/webhooks"}},
		AttachControlPlaneOutput: true,
	}
	began := time.Now()
	cfg, err := environment.Start()
	must(err)
	t.Logf("envtest started after %v", time.Since(began))
	t.Cleanup(func() { must(environment.Stop()) })
	ctx := context.Background()

	start := func(serve *envtest.WebhookInstallOptions) (stop func()) {
		manager, err := newManager(cfg, scheme.Scheme, serve)
		must(err)
		running, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- manager.Start(running) }()
		if serve != nil {
			eventually(t, "the webhook server listens", func() bool { return manager.GetWebhookServer().StartedChecker()(nil) == nil })
		}
		return func() { cancel(); must(<-ended) }
	}
	stopFirst := start(nil)
	c, err := client.New(cfg, client.Options{Scheme: scheme.Scheme})
	must(err)
	holder := func() string {
		var lease coordinationv1.Lease
		if c.Get(ctx, client.ObjectKey{Namespace: "default", Name: "widgets.clients.outrigger.dev"}, &lease) != nil || lease.Spec.HolderIdentity == nil {
			return ""
		}
		return *lease.Spec.HolderIdentity
	}
	eventually(t, "the first replica leads", func() bool { return holder() != "" })
	leader := holder()
	stopSecond := start(&environment.WebhookInstallOptions)

	ready := func(name string, size int) {
		t.Helper()
		eventually(t, name+" is ready", func() bool {
			var widget Widget
			must(c.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &widget))
			return widget.Status.Ready == size && widget.Status.ObservedGeneration == widget.Generation && len(widget.Finalizers) == 1
		})
	}
	widget := func(name string, size int) *Widget {
		return &Widget{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: WidgetSpec{Size: size}}
	}
	must(c.Create(ctx, widget("defaulted", 0)))
	ready("defaulted", 2)

	if err := c.Create(ctx, widget("large", 6)); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "size 6 is over 5") {
		t.Fatalf("the validating webhook's refusal: %v", err)
	}
	if err := c.Create(ctx, widget("negative", -1)); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "size must not be negative") {
		t.Fatalf("the schema's rule: %v", err)
	}

	if holder() != leader {
		t.Fatalf("%s leads beside %s", holder(), leader)
	}
	stopFirst()
	eventually(t, "the second replica leads", func() bool { return holder() != "" && holder() != leader })
	must(c.Create(ctx, widget("after-failover", 3)))
	ready("after-failover", 3)

	must(c.Delete(ctx, widget("defaulted", 0)))
	eventually(t, "the finalizer lets go", func() bool {
		return apierrors.IsNotFound(c.Get(ctx, client.ObjectKey{Namespace: "default", Name: "defaulted"}, &Widget{}))
	})
	stopSecond()

	t.Run("a user that envtest adds has no rights", func(t *testing.T) {
		user, err := environment.AddUser(envtest.User{Name: "guest", Groups: []string{"guests"}}, nil)
		must(err)
		guest, err := client.New(user.Config(), client.Options{Scheme: scheme.Scheme})
		must(err)
		if err := guest.List(ctx, &corev1.SecretList{}); !apierrors.IsForbidden(err) {
			t.Fatalf("a guest lists secrets: %v", err)
		}
	})

	t.Run("a ServiceAccount's token says who it is", func(t *testing.T) {
		must(c.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot", Namespace: "default"}}))
		admin := clientgo.NewForConfigOrDie(cfg)
		token, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, "robot", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		must(err)
		asRobot := rest.AnonymousClientConfig(cfg)
		asRobot.BearerToken = token.Status.Token
		review, err := clientgo.NewForConfigOrDie(asRobot).AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		must(err)
		if name := review.Status.UserInfo.Username; name != "system:serviceaccount:default:robot" {
			t.Fatalf("the token is %s's", name)
		}
	})
}
