import { useLive, useMessages, useTopic, useView } from "@live/client/react";
import { useState } from "react";

type Topic = `event:${number}`;

function Status() {
  return <p className="status">{useLive().phase}</p>;
}

function Cars({ topic }: { topic: Topic }) {
  const { items } = useTopic(topic);
  const cars = [...items].map(([key, { x }]) => <li key={key}>{key} at {x}</li>);
  return <ul className="cars">{cars}</ul>;
}

function Log({ topic }: { topic: Topic }) {
  const [lines, setLines] = useState<number[]>([]);
  useMessages(topic, {
    onMessage: ({ data }) => data && setLines((lines) => [...lines, data.x]),
  });
  return <p className="log">{lines.join(" ")}</p>;
}

function Entries() {
  const { rows, error } = useView("entries", { fields: ["id", "title"], sort: ["title"] });
  if (error) return <p className="entries">{error.message}</p>;
  return <ul className="entries">{rows?.map(({ id, title }) => <li key={id}>{title}</li>)}</ul>;
}

export function App() {
  const [isShown, setShown] = useState(true);
  const [topic, setTopic] = useState<Topic>("event:1");
  return (
    <>
      <button type="button" id="show" onClick={() => setShown(!isShown)}>Show</button>
      <button type="button" id="switch" onClick={() => setTopic("event:2")}>Switch</button>
      {isShown && [1, 2].map((number) => (
        <section key={number}>
          <Status />
          <Cars topic={topic} />
          <Log topic={topic} />
          <Entries />
        </section>
      ))}
    </>
  );
}
