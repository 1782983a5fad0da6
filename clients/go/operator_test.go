package clients

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const finalizer = "clients.outrigger.dev/finalizer"

// operator keeps as many ConfigMaps as a Widget's size says.
type operator struct{ client.Client }

func (o *operator) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var widget Widget
	if err := o.Get(ctx, request.NamespacedName, &widget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !widget.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(&widget, finalizer) {
			return ctrl.Result{}, o.Update(ctx, &widget)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(&widget, finalizer) {
		if err := o.Update(ctx, &widget); err != nil {
			return ctrl.Result{}, err
		}
	}
	for i := range widget.Spec.Size {
		part := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", widget.Name, i), Namespace: widget.Namespace}}
		_, err := controllerutil.CreateOrUpdate(ctx, o.Client, part, func() error {
			part.Data = map[string]string{"of": widget.Name}
			return controllerutil.SetControllerReference(&widget, part, o.Scheme())
		})
		if err != nil {
			return ctrl.Result{}, err
		}
	}
	var parts corev1.ConfigMapList
	if err := o.List(ctx, &parts, client.InNamespace(widget.Namespace)); err != nil {
		return ctrl.Result{}, err
	}
	ready := 0
	for _, part := range parts.Items {
		if metav1.IsControlledBy(&part, &widget) {
			ready++
		}
	}
	if widget.Status.Ready == ready && widget.Status.ObservedGeneration == widget.Generation {
		return ctrl.Result{}, nil
	}
	widget.Status = WidgetStatus{Ready: ready, ObservedGeneration: widget.Generation}
	return ctrl.Result{}, o.Status().Update(ctx, &widget)
}

// webhooks give a Widget the size 2 where it says none, and refuse sizes over 5.
type webhooks struct{}

func (webhooks) Default(_ context.Context, widget *Widget) error {
	if widget.Spec.Size == 0 {
		widget.Spec.Size = 2
	}
	return nil
}

func (webhooks) ValidateCreate(_ context.Context, widget *Widget) (admission.Warnings, error) {
	if widget.Spec.Size > 5 {
		return admission.Warnings{"widgets are small"}, apierrors.NewForbidden(
			widgets.WithResource("widgets").GroupResource(), widget.Name, fmt.Errorf("size %d is over 5", widget.Spec.Size))
	}
	return nil, nil
}

func (w webhooks) ValidateUpdate(ctx context.Context, _, widget *Widget) (admission.Warnings, error) {
	return w.ValidateCreate(ctx, widget)
}

func (webhooks) ValidateDelete(context.Context, *Widget) (admission.Warnings, error) { return nil, nil }

// newManager makes a replica of the operator. The one that leads reconciles; the webhooks answer in the one that serves them.
func newManager(cfg *rest.Config, scheme *runtime.Scheme, serve *envtest.WebhookInstallOptions) (ctrl.Manager, error) {
	skip := true
	options := ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       server.Options{BindAddress: "0"},
		LeaderElection:                true,
		LeaderElectionID:              "widgets.clients.outrigger.dev",
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
		Controller:                    config.Controller{SkipNameValidation: &skip},
	}
	if serve != nil {
		options.WebhookServer = webhook.NewServer(webhook.Options{
			Host: serve.LocalServingHost, Port: serve.LocalServingPort, CertDir: serve.LocalServingCertDir,
		})
	}
	manager, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return nil, err
	}
	if serve != nil {
		if err := ctrl.NewWebhookManagedBy(manager, &Widget{}).WithDefaulter(webhooks{}).WithValidator(webhooks{}).Complete(); err != nil {
			return nil, err
		}
	}
	return manager, ctrl.NewControllerManagedBy(manager).For(&Widget{}).Owns(&corev1.ConfigMap{}).Complete(&operator{manager.GetClient()})
}
