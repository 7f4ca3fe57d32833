export const Page = () => <h1>hello</h1>;
