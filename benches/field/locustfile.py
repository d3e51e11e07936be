"""One request, again and again."""

from locust import FastHttpUser, HttpUser, task


class Fast(FastHttpUser):
    insecure = True

    @task
    def get(self):
        self.client.get("/")


class Plain(HttpUser):
    def on_start(self):
        self.client.verify = False

    @task
    def get(self):
        self.client.get("/")
